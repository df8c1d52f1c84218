// The log of one service: decides by level, stamps the time, makes the line and gives it to the sink. What the sink
// refuses is counted; the next line that passes is preceded by one that tells how many are missing.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include <tutti/clock.hpp>
#include <tutti/log.hpp>
#include <tutti/trace.hpp>

#include "observe/log/line.hpp"
#include "observe/log/sink.hpp"

namespace tutti::observe {

// What a setting says; `automatic` is words on a terminal, else JSON.
enum class LogFormat : std::uint8_t { automatic, json, human };

// Where lines will go and what the environment says about colour: NO_COLOR (no-color.org) and TERM; null if not set.
struct LogSurroundings {
  bool terminal = false;
  const char* no_color = nullptr;
  const char* term = nullptr;
};
[[nodiscard]] LogStyle style_for(LogFormat wanted, const LogSurroundings& surroundings) noexcept;

// Whose work a line belongs to; a null trace stands for none.
struct LogOrigin {
  const TraceContext* trace = nullptr;
  LogScope scope = {};
};

class LogChannel {
 public:
  struct Settings {
    std::string service;
    LogLevel level = LogLevel::info;
    LogStyle style = LogStyle::json;
    // Asked by loggers that were made outside of any request: what runs now may be one. Null: nobody knows.
    LogOrigin (*origin)() noexcept = nullptr;
  };

  LogChannel(Settings settings, const Clock& clock, LogSink& sink);
  LogChannel(const LogChannel&) = delete;
  LogChannel& operator=(const LogChannel&) = delete;

  [[nodiscard]] bool enabled(LogLevel level) const noexcept {
    return level >= level_.load(std::memory_order_relaxed) && level != LogLevel::off;
  }
  // Thread-safe: a running service may be told to say more.
  void set_level(LogLevel level) noexcept { level_.store(level, std::memory_order_relaxed); }

  [[nodiscard]] LogOrigin origin() const noexcept { return origin_ ? origin_() : LogOrigin{}; }

  // Fills in time and service. Does not look at the level. Allocates nothing once the thread has logged before.
  void write(LogRecord record) noexcept;
  // The same with a time that the caller already has.
  void write_at(Time time, LogRecord record) noexcept;

  // Lines that the sink refused since the start; told or not.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  const std::string service_;
  const LogStyle style_;
  LogOrigin (*const origin_)() noexcept;
  const Clock& clock_;
  LogSink& sink_;
  std::atomic<LogLevel> level_;
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> untold_{0};
};

}  // namespace tutti::observe
