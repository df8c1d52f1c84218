// See utf8.hpp. Runs of ASCII are passed over eight bytes at a time.
#include "message/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace tutti::message {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080;

bool continues(std::string_view text, std::size_t at, unsigned char low = 0x80, unsigned char high = 0xBF) noexcept {
  if (at >= text.size()) return false;
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte >= low && byte <= high;
}

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t at) noexcept {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return continues(text, at + 1) ? 2 : 0;
  if (lead < 0xF0) {
    const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
    return continues(text, at + 1, low, high) && continues(text, at + 2) ? 3 : 0;
  }
  if (lead < 0xF5) {
    const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
    return continues(text, at + 1, low, high) && continues(text, at + 2) && continues(text, at + 3) ? 4 : 0;
  }
  return 0;
}

bool utf8_valid_beyond_ascii(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    if (at + 8 <= text.size()) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & high_bits) == 0) {
        at += 8;
        continue;
      }
    }
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

namespace {

// Whether one to three bytes are the beginning of a character. Of second bytes only three need to be tried: each lead
// byte takes one of them.
bool may_become_character(std::string_view begun) noexcept {
  for (const char second : {'\x80', '\x90', '\xA0'}) {
    char whole[4] = {'\x80', second, '\x80', '\x80'};
    std::memcpy(whole, begun.data(), begun.size());
    if (utf8_length({whole, sizeof whole}, 0) > begun.size()) return true;
  }
  return false;
}

}  // namespace

std::optional<std::size_t> utf8_prefix(std::string_view text) noexcept {
  // The last lead byte, if it is one of the last three.
  std::size_t end = text.size();
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) break;
    if (byte < 0xC0) continue;
    if (utf8_length(text, text.size() - back) == 0) end -= back;
    break;
  }
  if (!utf8_valid(text.substr(0, end))) return std::nullopt;
  if (end != text.size() && !may_become_character(text.substr(end))) return std::nullopt;
  return end;
}

std::size_t utf8_count(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

char* write_utf8(char* at, char32_t code_point) noexcept {
  const auto put = [&at](char32_t byte) { *at++ = static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
  return at;
}

}  // namespace tutti::message
