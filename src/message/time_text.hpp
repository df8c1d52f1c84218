// Time points and durations as text. A time point is RFC 3339 in UTC ("2026-01-31T12:00:00.5Z"); a duration is ISO 8601
// with hours, minutes and seconds ("PT1H30M", "PT0.5S", "-PT1S"). Read are also days and weeks ("P1DT2H", "P2W"), as
// exact multiples of 24 hours; years and months have no fixed length and are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <tutti/time.hpp>

namespace tutti::message {

inline constexpr std::size_t time_text_max = 32;      // bytes that write_time may need
inline constexpr std::size_t duration_text_max = 40;  // bytes that write_duration may need

// Both write at `at` and return the end.
char* write_time(char* at, Time time) noexcept;
char* write_duration(char* at, std::int64_t nanoseconds) noexcept;

// Nothing for text that is no such duration, is finer than a nanosecond or does not fit 64 bits of nanoseconds.
[[nodiscard]] std::optional<std::int64_t> parse_duration(std::string_view text) noexcept;

}  // namespace tutti::message
