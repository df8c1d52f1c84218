#include "observe/log/channel.hpp"

#include <array>
#include <new>
#include <span>
#include <utility>

#include <tutti/trace.hpp>

namespace tutti {
namespace {
constexpr std::array<std::string_view, 5> level_names{"debug", "info", "warn", "error", "off"};
}

std::string_view name_of(LogLevel level) noexcept { return level_names[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> log_level_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < level_names.size(); ++i) {
    if (level_names[i] == name) return static_cast<LogLevel>(i);
  }
  return {};
}

Logger::Logger(observe::LogChannel& channel, const TraceContext& trace, const LogScope& scope) noexcept
    : channel_(&channel), trace_id_(trace.trace_id), span_id_(trace.span_id), scope_(scope) {}

bool Logger::enabled(LogLevel level) const noexcept { return channel_ != nullptr && channel_->enabled(level); }

void Logger::debug(std::string_view message, std::initializer_list<Attribute> attributes) const noexcept {
  write(LogLevel::debug, message, attributes);
}
void Logger::info(std::string_view message, std::initializer_list<Attribute> attributes) const noexcept {
  write(LogLevel::info, message, attributes);
}
void Logger::warn(std::string_view message, std::initializer_list<Attribute> attributes) const noexcept {
  write(LogLevel::warn, message, attributes);
}
void Logger::error(std::string_view message, std::initializer_list<Attribute> attributes) const noexcept {
  write(LogLevel::error, message, attributes);
}

void Logger::write(LogLevel level, std::string_view message,
                   std::initializer_list<Attribute> attributes) const noexcept {
  if (!enabled(level)) return;
  if (trace_id_ == decltype(trace_id_){}) {
    if (const observe::LogOrigin origin = channel_->origin(); origin.trace) {
      return Logger(*channel_, *origin.trace, origin.scope).write(level, message, attributes);
    }
  }
  channel_->write({.time = {},
                   .level = level,
                   .message = message,
                   .scope = scope_,
                   .trace_id = trace_id_,
                   .span_id = span_id_,
                   .attributes = std::span(attributes.begin(), attributes.size())});
}

namespace observe {

LogStyle style_for(LogFormat wanted, const LogSurroundings& surroundings) noexcept {
  const bool human = wanted == LogFormat::human || (wanted == LogFormat::automatic && surroundings.terminal);
  if (!human) return LogStyle::json;
  const bool refused = surroundings.no_color != nullptr && *surroundings.no_color != '\0';
  const bool dumb = surroundings.term != nullptr && std::string_view(surroundings.term) == "dumb";
  return surroundings.terminal && !refused && !dumb ? LogStyle::human_in_colour : LogStyle::human;
}

LogChannel::LogChannel(Settings settings, const Clock& clock, LogSink& sink)
    : service_(std::move(settings.service)),
      style_(settings.style),
      origin_(settings.origin),
      clock_(clock),
      sink_(sink),
      level_(settings.level) {}

void LogChannel::write(LogRecord record) noexcept { write_at(clock_.now(), record); }

void LogChannel::write_at(Time time, LogRecord record) noexcept {
  // One buffer per thread, kept: nothing waits between here and the end, so no other fiber can come between.
  static thread_local std::string buffer;
  record.time = time;
  record.service = service_;
  sink_.record(record);
  try {
    // Read before it is taken: the usual zero must not move the cache line between shards.
    const bool untold = untold_.load(std::memory_order_relaxed) != 0;
    if (const auto missing = untold ? untold_.exchange(0, std::memory_order_relaxed) : 0; missing != 0) {
      const std::array<Attribute, 1> count{{{"tutti.log.dropped", missing}}};
      buffer.clear();
      append_line(buffer,
                  {.time = time,
                   .level = LogLevel::warn,
                   .service = service_,
                   .message = "log lines were dropped: the reader of the log is too slow",
                   .attributes = count},
                  style_);
      if (!sink_.write(buffer)) untold_.fetch_add(missing, std::memory_order_relaxed);
    }
    buffer.clear();
    append_line(buffer, record, style_);
    if (sink_.write(buffer)) return;
  } catch (const std::bad_alloc&) {
    // Counted below as dropped: a log line is not worth the request.
  }
  dropped_.fetch_add(1, std::memory_order_relaxed);
  untold_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace observe
}  // namespace tutti
