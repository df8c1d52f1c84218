// One log record as one line of text, with its newline. Two forms: JSON for machines, and words for a terminal, in
// which nothing that came from outside can start a new line or move the cursor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <tutti/attribute.hpp>
#include <tutti/log.hpp>
#include <tutti/time.hpp>

namespace tutti::observe {

enum class LogStyle : std::uint8_t { json, human, human_in_colour };

// Longer text is cut, further attributes are left out; the line then says "truncated".
struct LogLineLimits {
  static constexpr std::size_t message_bytes_max = 8 * 1024;
  static constexpr std::size_t value_bytes_max = 4 * 1024;
  static constexpr std::size_t line_bytes_max =
      16 * 1024;  // attributes stop here; escapes may make it six times as long
};

struct LogRecord {
  Time time;
  LogLevel level = LogLevel::info;
  std::string_view service = {};
  std::string_view message = {};
  LogScope scope = {};
  std::array<std::uint8_t, 16> trace_id{};  // zero: none
  std::array<std::uint8_t, 8> span_id{};
  std::span<const Attribute> attributes = {};
};

void append_line(std::string& out, const LogRecord& record, LogStyle style);

}  // namespace tutti::observe
