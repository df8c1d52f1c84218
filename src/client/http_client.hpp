// The plain HTTP client of programs: any URL, the same pooled connections as between services. A kept connection that
// the server has just closed is replaced once; otherwise nothing is repeated.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tutti/http_client.hpp>

#include "client/http_pool.hpp"

namespace tutti::client {

class PooledHttpClient final : public HttpClient {
 public:
  static constexpr std::size_t origins_max = 256;  // that are kept; over it the idle connections are given up
  static constexpr std::chrono::nanoseconds resolve_every = std::chrono::seconds(5);

  PooledHttpClient(runtime::Shard& shard, std::function<net::TlsClient*()> tls) : shard_(shard), tls_(std::move(tls)) {}

  HttpReply send(const HttpRequest& request) override;
  void close();

 private:
  struct Name {
    std::vector<world::Address> addresses;
    Instant until;
  };
  [[nodiscard]] std::vector<world::Address> addresses_of(const std::string& host, std::uint16_t port);
  [[nodiscard]] std::shared_ptr<HttpPool> pool_for(const Origin& origin);

  runtime::Shard& shard_;
  std::function<net::TlsClient*()> tls_;
  std::map<Origin, std::shared_ptr<HttpPool>> pools_;
  std::map<std::string, Name> names_;
  bool closed_ = false;
};

}  // namespace tutti::client
