// The admin port: health, metrics and documents of the whole process. On loopback by default; nobody is asked who he is.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/metrics.hpp>

#include "net/http_server.hpp"

namespace tutti::detail {

class AdminEntry final : public net::HttpService {
 public:
  struct Sources {
    std::function<std::vector<std::string>()> not_ready;      // reasons; empty: ready. May wait
    std::function<std::vector<std::string>()> remarks;        // told with readiness, but no reason against it
    std::function<std::string()> metrics;                     // Prometheus text
    std::function<std::string(std::string_view service)> openapi;  // "" : the first service; empty result: no such service
    std::function<std::string(std::string_view service)> asyncapi;
    std::function<std::string()> docs;                        // HTML
  };
  explicit AdminEntry(Sources sources) : sources_(std::move(sources)) {}

  net::Admission admit(const wire::http1::RequestHead& head, const net::Peer& peer) override;
  void serve(net::HttpExchange& exchange) override;
  void refused(int, std::string_view, const net::Peer&) override {}

 private:
  void answer_readiness(net::HttpExchange& exchange);

  Sources sources_;
};

}  // namespace tutti::detail
