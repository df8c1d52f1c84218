// Conditional requests (RFC 9110 section 13): "only if it has changed", "only if it is still the one that I know", "the
// rest of the one that I have begun with".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/http1/fields.hpp"
#include "wire/http1/request_parser.hpp"

namespace tutti::wire::http1 {

// What a representation is known by.
struct Validators {
  std::string_view etag = {};                             // empty: none
  std::optional<std::chrono::sys_seconds> modified = {};  // Last-Modified
};

enum class Precondition : std::uint8_t { met, not_modified /* 304 */, failed /* 412 */ };

// If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of section 13.2.2. The representation
// is there. Dates that are malformed or of an obsolete form are ignored.
[[nodiscard]] Precondition precondition(const Fields& fields, Method method, const Validators& validators) noexcept;

// Whether Range counts: there is no If-Range, or it names exactly this representation (section 13.1.5). A date does so
// only if it is older than `now` by more than its precision, a second.
[[nodiscard]] bool range_applies(const Fields& fields, const Validators& validators,
                                 std::chrono::sys_seconds now) noexcept;

}  // namespace tutti::wire::http1
