// What the connections of one HTTP server share: limits, pools, the text of the Date header, counts.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_connection.hpp"
#include "net/http_server.hpp"

namespace tutti::net {

class HttpServerCore final : public HttpServer, private world::Watcher {
 public:
  HttpServerCore(runtime::Shard& shard, HttpService& service, const HttpServerRules& rules);
  ~HttpServerCore() override;

  world::Address address() const override { return address_; }
  HttpServerCounts counts() const override;
  void stop_accepting() override;
  bool drain(Instant until) override;

  [[nodiscard]] runtime::Shard& shard() noexcept { return shard_; }
  [[nodiscard]] HttpService& service() noexcept { return service_; }
  [[nodiscard]] const HttpLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] const wire::http1::Limits& parser_limits() const noexcept { return parser_limits_; }
  [[nodiscard]] std::string_view server_name() const noexcept { return server_name_; }
  // Ready to be written, one for each of the rules' headers.
  struct FixedHeader {
    std::string name;
    std::string line;
  };
  [[nodiscard]] const std::vector<FixedHeader>& fixed_headers() const noexcept { return fixed_headers_; }
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  [[nodiscard]] bool encrypted() const noexcept { return tls_ != nullptr; }
  [[nodiscard]] bool certificates() const noexcept { return certificates_; }
  [[nodiscard]] std::string_view date();  // IMF-fixdate, renewed once a second
  [[nodiscard]] std::unique_ptr<HttpWork> take_work();
  void give_back(std::unique_ptr<HttpWork> work) noexcept;
  void request_began() noexcept { ++in_flight_; }
  void request_ended() noexcept { --in_flight_; }
  void remove(HttpConnection& connection) noexcept;  // destroys it

 private:
  void on_ready(world::Ready ready) override;
  void accept_all();
  bool accept_one(int& error);  // false: there is none, or `error` says why
  void turn_away(world::Connection& connection);
  void kill_all() noexcept;

  runtime::Shard& shard_;
  HttpService& service_;
  const HttpLimits limits_;
  wire::http1::Limits parser_limits_;
  std::string server_name_;
  std::vector<FixedHeader> fixed_headers_;
  std::string turned_away_;  // the answer over connections_max
  std::function<std::size_t()> given_away_;
  TlsServer* tls_;
  bool certificates_;
  std::unique_ptr<world::Listener> listener_;
  world::Address address_;
  runtime::Timer retry_accept_;  // after EMFILE
  HttpConnection* first_ = nullptr;
  std::size_t connections_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  bool draining_ = false;
  std::vector<std::unique_ptr<HttpWork>> idle_work_;
  std::string date_;
  std::int64_t date_second_ = -1;
  Instant date_until_{};  // from then on the clock is asked again
  runtime::Parker* all_gone_ = nullptr;
};

}  // namespace tutti::net
