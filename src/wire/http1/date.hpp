// HTTP's dates (RFC 9110 section 5.6.7) in their one form that is written, "Sun, 06 Nov 1994 08:49:37 GMT". The two
// obsolete forms are not read: a condition with such a date is ignored, which is always allowed.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::wire::http1 {

// 29 characters for the years 0 to 9999.
[[nodiscard]] std::string http_date(std::chrono::sys_seconds time);
// The day's name must be the date's.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) noexcept;

}  // namespace tutti::wire::http1
