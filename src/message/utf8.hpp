// UTF-8 as RFC 3629 defines it: shortest forms only, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "message/swar.hpp"

namespace tutti::message {

// Bytes of the character that starts at `at`; 0 if no valid one starts there.
[[nodiscard]] std::size_t utf8_length(std::string_view text, std::size_t at) noexcept;
[[nodiscard]] bool utf8_valid_beyond_ascii(std::string_view text) noexcept;
[[nodiscard]] inline bool utf8_valid(std::string_view text) noexcept {
  std::size_t at = 0;
  std::uint64_t seen = 0;
  for (; at + 8 <= text.size(); at += 8) seen |= swar::load(text.data() + at);
  seen |= swar::load_short(text.data() + at, text.size() - at);
  return (seen & swar::high_bits) == 0 || utf8_valid_beyond_ascii(text);
}
// Of a text that goes on: the bytes of its whole characters; the one to three bytes behind them can still become one.
// Nothing if no continuation makes it valid.
[[nodiscard]] std::optional<std::size_t> utf8_prefix(std::string_view text) noexcept;
// Characters (code points) of valid UTF-8.
[[nodiscard]] std::size_t utf8_count(std::string_view text) noexcept;

// Writes one code point at `at`, at most 4 bytes; returns the end.
char* write_utf8(char* at, char32_t code_point) noexcept;

}  // namespace tutti::message
