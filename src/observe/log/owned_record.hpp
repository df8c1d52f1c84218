// A log record that outlives the call which made it: what the exporter sends. And the sink that makes them, in front of
// the one that writes lines.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <tutti/log.hpp>

#include "observe/log/line.hpp"
#include "observe/log/sink.hpp"
#include "observe/otlp/record_queue.hpp"

namespace tutti::observe {

struct OwnedLogRecord {
  Time time;
  LogLevel level = LogLevel::info;
  std::string service;
  std::string message;  // cut as a line's is (LogLineLimits)
  std::string request_id;
  std::string method;
  std::array<std::uint8_t, 16> trace_id{};  // zero: none
  std::array<std::uint8_t, 8> span_id{};
  OwnedAttributes attributes;
};
[[nodiscard]] OwnedLogRecord owned(const LogRecord& record);

using LogQueue = RecordQueue<OwnedLogRecord>;

// Lines go to `lines` as before; each record goes into the queue, too. What the queue does not take is counted there.
class ExportingSink final : public LogSink {
 public:
  ExportingSink(LogSink& lines, LogQueue& queue) noexcept : lines_(lines), queue_(queue) {}
  [[nodiscard]] bool write(std::string_view line) noexcept override { return lines_.write(line); }
  void record(const LogRecord& record) noexcept override;

 private:
  LogSink& lines_;
  LogQueue& queue_;
};

}  // namespace tutti::observe
