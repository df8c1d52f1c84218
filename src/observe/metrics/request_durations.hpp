// Rate, errors and duration of requests, under the names of OpenTelemetry's semantic conventions. One histogram says
// all three: its count is the rate, and it is split by how requests ended.
//
// One RequestDurations stands for one route or method; it is resolved at start and used by one shard, so a request
// costs one record() and neither a lock nor an allocation (but for the first request with a new outcome).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tutti/error.hpp>
#include <tutti/metrics.hpp>

namespace tutti::observe {

class RequestDurations {
 public:
  // http.server.request.duration by http.request.method, http.route, http.response.status_code. The route is the
  // template ("/orders/{id}"), never the path; empty if none matched. A method outside RFC 9110 and PATCH is "_OTHER".
  static RequestDurations http_server(Metrics& metrics, std::string_view method, std::string_view route);
  // http.client.request.duration by http.request.method, server.address, http.response.status_code.
  static RequestDurations http_client(Metrics& metrics, std::string_view method, std::string_view server);
  // rpc.server.call.duration by rpc.system.name, rpc.method, rpc.response.status_code. System: "tutti", "in_process".
  static RequestDurations rpc_server(Metrics& metrics, std::string_view system, std::string_view method);
  // rpc.client.call.duration, likewise.
  static RequestDurations rpc_client(Metrics& metrics, std::string_view system, std::string_view method);

  // `status` is HTTP's (0: there was no response, error.type="no_response"). For HTTP only.
  void record(int status, std::chrono::nanoseconds duration);
  // For RPC only.
  void record(Code code, std::chrono::nanoseconds duration);

 private:
  using FixedLabels = std::array<std::pair<std::string_view, std::string>, 2>;

  RequestDurations(Metrics& metrics, std::string_view name, std::string_view description, FixedLabels labels);
  void record_outcome(int outcome, std::string_view label, std::string_view value, std::chrono::nanoseconds duration);

  struct Slot {
    int outcome = -1;
    HistogramSeries* series = nullptr;
  };
  Histogram* histogram_;
  FixedLabels labels_;
  std::array<Slot, 8> slots_{};  // the outcomes that a route has had; more are looked up each time
};

}  // namespace tutti::observe
