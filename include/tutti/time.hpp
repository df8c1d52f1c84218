// A point in time as messages carry it: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX).
// In JSON it is RFC 3339 in UTC with 'Z' and up to nine fractional digits; in MessagePack the timestamp extension (-1).
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti {

struct Time {
  std::chrono::nanoseconds since_epoch{0};

  friend constexpr auto operator<=>(const Time&, const Time&) = default;
  friend constexpr Time operator+(Time t, std::chrono::nanoseconds d) { return {t.since_epoch + d}; }
  friend constexpr Time operator-(Time t, std::chrono::nanoseconds d) { return {t.since_epoch - d}; }
  friend constexpr std::chrono::nanoseconds operator-(Time a, Time b) { return a.since_epoch - b.since_epoch; }
};

// RFC 3339 section 5.6. Writes UTC with 'Z' and no trailing zeros; years 1677 to 2262 fit.
[[nodiscard]] std::string to_string(Time time);
// Accepts any offset and normalises it to UTC; nothing for text that is not RFC 3339 or does not fit.
[[nodiscard]] std::optional<Time> parse_time(std::string_view text) noexcept;

}  // namespace tutti
