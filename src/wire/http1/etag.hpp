// Entity tags (RFC 9110 section 8.8.3): names of a representation, and the comparisons that conditional requests ask
// for.
#pragma once

#include <string>
#include <string_view>

namespace tutti::wire::http1 {

// "\"abc\"" or "W/\"abc\"".
[[nodiscard]] bool is_etag(std::string_view text) noexcept;
[[nodiscard]] bool weakly_equal(std::string_view a, std::string_view b) noexcept;    // W/ does not count
[[nodiscard]] bool strongly_equal(std::string_view a, std::string_view b) noexcept;  // both strong

// If-None-Match: true if the client has it already (304 for GET and HEAD, 412 else). "*" has anything that exists.
[[nodiscard]] bool none_match_has(std::string_view field, std::string_view etag) noexcept;
// If-Match: true if the request may go on; strong comparison.
[[nodiscard]] bool match_allows(std::string_view field, std::string_view etag) noexcept;

// A strong tag of bytes: 64 bits of FNV-1a, in hexadecimal. Not for secrets.
[[nodiscard]] std::string etag_of(std::string_view bytes);

}  // namespace tutti::wire::http1
