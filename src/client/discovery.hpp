// Where a target's endpoints are: written in the settings or in a watched file, as numeric addresses or as names that
// are asked for again every few seconds. What was known stays in use while the newest answer is fetched or missing;
// endpoints that stay keep their connections and their breaker.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/mutex.hpp>

#include "client/balancer.hpp"
#include "client/client.hpp"

namespace tutti::client {

// "127.0.0.1:7001", "payments:7001", "unix:/run/payments.sock", "https://host/base"
struct Place {
  std::optional<world::Address> address = {};  // nothing: `host` must be resolved
  std::string host = {};
  std::uint16_t port = 0;
  Origin origin = {};  // without the address
};
// Throws tutti::Error(failed_precondition) that quotes the text.
[[nodiscard]] Place parse_place(std::string_view text);

// The endpoints that a file in Prometheus' file_sd format has for a service. Throws tutti::Error(failed_precondition).
[[nodiscard]] std::vector<std::string> endpoints_in(std::string_view file, std::string_view text,
                                                    std::string_view service, Transport transport);

class Discovery : public std::enable_shared_from_this<Discovery> {
 public:
  static constexpr std::chrono::nanoseconds look_at_file_every = std::chrono::seconds(1);
  static constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

  using Make = std::function<std::shared_ptr<Endpoint>(const Origin&)>;
  Discovery(runtime::Shard& shard, std::string service, const TargetSettings& settings, Make make);

  // Waits only for the first answer. Throws tutti::Error(unavailable) if there is no endpoint.
  [[nodiscard]] const Endpoints& endpoints();
  [[nodiscard]] const Endpoints& known() const noexcept { return endpoints_; }
  void close() noexcept { closed_ = true; }

 private:
  struct Found;
  [[nodiscard]] bool due() const noexcept;
  void refresh();  // waits

  runtime::Shard& shard_;
  const std::string service_;
  const std::vector<std::string> settings_endpoints_;
  const std::string file_;
  const Transport transport_;
  const std::chrono::nanoseconds resolve_every_;
  const Make make_;
  Endpoints endpoints_;
  std::vector<Place> places_;
  std::optional<world::FileStatus> file_status_;
  std::string fault_;  // why there is nothing, or nothing new
  Mutex refreshing_;
  Instant next_look_ = {};
  Instant next_resolve_ = {};
  bool asked_ = false;
  bool closed_ = false;
};

}  // namespace tutti::client
