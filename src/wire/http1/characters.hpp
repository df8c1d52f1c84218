// The characters that HTTP allows in each place, as one table of bit flags, so that every parser asks the same
// question with one load. RFC 9110 section 5.6.2 (token), 5.5 (field value), RFC 3986 (reserved, unreserved).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace tutti::wire::http1 {

namespace character {
inline constexpr std::uint8_t token = 1;       // method, field name
inline constexpr std::uint8_t value = 2;       // field value: HTAB, SP, visible, obs-text
inline constexpr std::uint8_t target = 4;      // request target: what browsers send raw is allowed
inline constexpr std::uint8_t unreserved = 8;  // never percent-encoded
inline constexpr std::uint8_t hex = 16;
inline constexpr std::uint8_t digit = 32;
inline constexpr std::uint8_t host = 64;     // reg-name
inline constexpr std::uint8_t cookie = 128;  // RFC 6265 cookie-octet

inline constexpr std::array<std::uint8_t, 256> table = [] {
  std::array<std::uint8_t, 256> t{};
  const auto add = [&t](std::string_view set, std::uint8_t flag) {
    for (char c : set) t[static_cast<unsigned char>(c)] |= flag;
  };
  for (unsigned c = '0'; c <= '9'; ++c) t[c] |= token | unreserved | hex | digit | host;
  for (unsigned c = 'a'; c <= 'z'; ++c) t[c] |= token | unreserved | host;
  for (unsigned c = 'A'; c <= 'Z'; ++c) t[c] |= token | unreserved | host;
  add("abcdefABCDEF", hex);
  add("!#$%&'*+-.^_`|~", token);
  add("-._~", unreserved);
  add("-._~!$&'()*+,;=%", host);
  for (unsigned c = 0x20; c < 0x100; ++c) {
    if (c != 0x7f) t[c] |= value;
  }
  t['\t'] |= value;
  for (unsigned c = 0x21; c < 0x7f; ++c) {
    if (c != '"' && c != '#' && c != '<' && c != '>') t[c] |= target;
    if (c != '"' && c != ',' && c != ';' && c != '\\') t[c] |= cookie;
  }
  return t;
}();
}  // namespace character

[[nodiscard]] constexpr bool is(char c, std::uint8_t flag) noexcept {
  return (character::table[static_cast<unsigned char>(c)] & flag) != 0;
}
[[nodiscard]] constexpr bool all(std::string_view text, std::uint8_t flag) noexcept {
  for (char c : text) {
    if (!is(c, flag)) return false;
  }
  return true;
}
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && all(text, character::token);
}
// Fit for a header value: no control characters, above all no CR, LF or NUL.
[[nodiscard]] constexpr bool is_field_value(std::string_view text) noexcept { return all(text, character::value); }

[[nodiscard]] constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}
[[nodiscard]] constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Optional whitespace (SP, HTAB) off both ends.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// 1*DIGIT: no sign, no space, nothing on overflow.
[[nodiscard]] constexpr std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (char c : text) {
    if (!is(c, character::digit)) return std::nullopt;
    const auto d = static_cast<std::uint64_t>(c - '0');
    if (number > (UINT64_MAX - d) / 10) return std::nullopt;
    number = number * 10 + d;
  }
  return number;
}

// Takes the next member off a comma-separated list, trimmed; commas inside quoted strings do not separate.
// False at the end. Empty members are skipped (RFC 9110 section 5.6.1.2).
[[nodiscard]] constexpr bool next_member(std::string_view& rest, std::string_view& member,
                                         char separator = ',') noexcept {
  while (!rest.empty()) {
    std::size_t i = 0;
    bool quoted = false;
    for (; i < rest.size(); ++i) {
      if (quoted && rest[i] == '\\') {
        ++i;
      } else if (rest[i] == '"') {
        quoted = !quoted;
      } else if (!quoted && rest[i] == separator) {
        break;
      }
    }
    if (i > rest.size()) i = rest.size();
    member = trim(rest.substr(0, i));
    rest.remove_prefix(i < rest.size() ? i + 1 : i);
    if (!member.empty()) return true;
  }
  return false;
}

}  // namespace tutti::wire::http1
