// The http entry point of a shard: finds the route, binds the request, lets the dispatcher run the handler, writes the
// answer, counts and logs it. One for all services of the process: routes that clash are refused at start, both named.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/app.hpp>

#include "net/http_server.hpp"
#include "net/websocket_server.hpp"
#include "observe/log/access.hpp"
#include "observe/metrics/request_durations.hpp"
#include "service/dispatcher.hpp"
#include "service/http_binding.hpp"
#include "service/host.hpp"
#include "wire/http1/cors.hpp"
#include "wire/http1/forwarded.hpp"
#include "wire/http1/router.hpp"

namespace tutti::detail {

class HttpEntry final : public net::HttpService {
 public:
  // Throws tutti::Error(failed_precondition) for routes that clash or cannot be bound. Connections of channels are given
  // to `websockets`, which outlives the requests; null: channels are not served here.
  explicit HttpEntry(Host& host, net::WebSocketServer* websockets = nullptr);
  ~HttpEntry();

  net::Admission admit(const wire::http1::RequestHead& head, const net::Peer& peer) override;
  void serve(net::HttpExchange& exchange) override;
  void refused(int status, std::string_view reason, const net::Peer& peer) override;

  // For a document or page of the library itself, on this listener: GET only. An empty one is not there: 404.
  void add_page(std::string_view path, std::string content_type, std::function<std::string(std::string_view query)> make);

 private:
  struct Route;
  struct Request;  // one request being served

  void add_route(std::unique_ptr<Route> route, Verb verb);
  void serve_method(Request& request);
  void serve_raw(Request& request);
  [[nodiscard]] static bool is_enough(const Request& request, const Failure& failure);
  void serve_channel(Request& request);
  void serve_file(Request& request);
  void serve_page(Request& request);
  void serve_nothing(Request& request);  // 404, 405, OPTIONS
  void answer_failure(Request& request, const Failure& failure);
  void answer_violations(Request& request, const Violations& violations);
  void prepare(Request& request);
  bool answer_cors(Request& request);
  [[nodiscard]] wire::http1::Origin origin_of(const Request& request) const;
  void finish(Request& request);

  Host& host_;
  wire::http1::Router router_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::unique_ptr<Route> nothing_;
  wire::http1::TrustedProxies trusted_;
  wire::http1::CorsRules cors_;
  net::WebSocketServer* websockets_;
  std::vector<message::Buffer> buffers_;  // for bodies being encoded; one per request that is just answering
};

}  // namespace tutti::detail
