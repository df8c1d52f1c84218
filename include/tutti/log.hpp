// What a service says while it runs. One record is one line: JSON for machines, plain words on a terminal, with the ids
// that tie it to its request and trace. Logging never waits: if the reader is too slow, lines are dropped, counted, and
// the number is told in a later line.
//
//   context.log().info("charged", {{"order.id", order}, {"amount_minor", 1250}});
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include <tutti/attribute.hpp>

namespace tutti {

struct TraceContext;

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };
[[nodiscard]] std::string_view name_of(LogLevel level) noexcept;
[[nodiscard]] std::optional<LogLevel> log_level_of(std::string_view name) noexcept;

namespace observe {
class LogChannel;
}

// What else the lines of one request carry. The text belongs to the request.
struct LogScope {
  std::string_view request_id = {};
  std::string_view method = {};  // "payments.charge"
};

// A handle, cheap to copy. Thread-safe. Refers to the service's log and to the request's text: used no longer than the
// context it came from.
class Logger {
 public:
  Logger() noexcept = default;  // says nothing
  explicit Logger(observe::LogChannel& channel) noexcept : channel_(&channel) {}
  Logger(observe::LogChannel& channel, const TraceContext& trace, const LogScope& scope) noexcept;

  // Worth asking before making an expensive message.
  [[nodiscard]] bool enabled(LogLevel level) const noexcept;

  void debug(std::string_view message, std::initializer_list<Attribute> attributes = {}) const noexcept;
  void info(std::string_view message, std::initializer_list<Attribute> attributes = {}) const noexcept;
  void warn(std::string_view message, std::initializer_list<Attribute> attributes = {}) const noexcept;
  void error(std::string_view message, std::initializer_list<Attribute> attributes = {}) const noexcept;

 private:
  void write(LogLevel level, std::string_view message, std::initializer_list<Attribute> attributes) const noexcept;

  observe::LogChannel* channel_ = nullptr;
  std::array<std::uint8_t, 16> trace_id_{};
  std::array<std::uint8_t, 8> span_id_{};
  LogScope scope_;
};

}  // namespace tutti
