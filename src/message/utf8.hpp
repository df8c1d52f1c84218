// UTF-8 as RFC 3629 defines it: shortest forms only, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace tutti::message {

// Bytes of the character that starts at `at`; 0 if no valid one starts there.
[[nodiscard]] std::size_t utf8_length(std::string_view text, std::size_t at) noexcept;
[[nodiscard]] bool utf8_valid(std::string_view text) noexcept;
// Characters (code points) of valid UTF-8.
[[nodiscard]] std::size_t utf8_count(std::string_view text) noexcept;

// Writes one code point at `at`, at most 4 bytes; returns the end.
char* write_utf8(char* at, char32_t code_point) noexcept;

}  // namespace tutti::message
