// One line per request: who asked for what, how it ended, how long it took. Which of them are written is a setting;
// failures of the server always are. What is left out costs a comparison.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <tutti/log.hpp>
#include <tutti/time.hpp>
#include <tutti/trace.hpp>

#include "observe/log/channel.hpp"

namespace tutti::observe {

struct AccessLogSettings {
  LogLevel level = LogLevel::info;  // of the lines; off: none at all
  double sample = 1;                // share of the requests that went well or were the client's fault, 0 to 1
};

// All text belongs to the request.
struct AccessRecord {
  Time at;                             // the end of the request
  std::string_view protocol = "http";  // or "rpc"
  std::string_view method = {};        // "GET"; for RPC "payments.charge"
  std::string_view route = {};         // "/orders/{id}"; empty if none matched or for RPC
  std::string_view path = {};          // without the query, which may carry secrets
  std::string_view served_by = {};     // the contract's method that served it: "orders.show"
  int status = 0;                      // HTTP's; RPC: 0
  std::string_view code = {};          // RPC's: "ok", "unavailable"
  std::chrono::nanoseconds duration{0};
  std::uint64_t bytes_in = 0;  // bodies
  std::uint64_t bytes_out = 0;
  std::string_view peer = {};  // address of the client
  std::string_view request_id = {};
};

class AccessLog {
 public:
  AccessLog(LogChannel& channel, const AccessLogSettings& settings) noexcept;

  // False: no line is written, whatever the request.
  [[nodiscard]] bool enabled() const noexcept { return channel_.enabled(level_); }
  // Whether write() would write it: worth asking before costly text is made. Thread-safe.
  [[nodiscard]] bool wants(const AccessRecord& record, const TraceContext& trace) const noexcept;
  // Thread-safe. Sampling goes by the trace id, so all services of a trace decide alike.
  void write(const AccessRecord& record, const TraceContext& trace) const noexcept;

 private:
  LogChannel& channel_;
  const LogLevel level_;
  const std::uint64_t threshold_;
};

}  // namespace tutti::observe
