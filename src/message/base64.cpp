// See base64.hpp.
#include "message/base64.hpp"

#include <array>
#include <cstdint>

namespace tutti::message {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xFF;

constexpr auto digits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

std::uint32_t digit(char c) noexcept { return digits[static_cast<unsigned char>(c)]; }

}  // namespace

char* write_base64(char* at, std::span<const std::byte> bytes) noexcept {
  const auto byte = [&bytes](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    *at++ = alphabet[group >> 18];
    *at++ = alphabet[group >> 12 & 63];
    *at++ = alphabet[group >> 6 & 63];
    *at++ = alphabet[group & 63];
  }
  if (i < bytes.size()) {
    const bool two = i + 2 == bytes.size();
    const std::uint32_t group = byte(i) << 16 | (two ? byte(i + 1) << 8 : 0);
    *at++ = alphabet[group >> 18];
    *at++ = alphabet[group >> 12 & 63];
    *at++ = two ? alphabet[group >> 6 & 63] : '=';
    *at++ = '=';
  }
  return at;
}

bool read_base64(std::string_view text, std::vector<std::byte>& bytes) {
  if (text.size() % 4 != 0) return false;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(text.size() / 4 * 3 - padding);
  std::size_t out = 0;
  std::size_t i = 0;
  for (; i + 4 <= text.size() - (padding > 0 ? 4 : 0); i += 4) {
    const std::uint32_t a = digit(text[i]), b = digit(text[i + 1]), c = digit(text[i + 2]), d = digit(text[i + 3]);
    if (a == no_digit || b == no_digit || c == no_digit || d == no_digit) return false;
    const std::uint32_t group = a << 18 | b << 12 | c << 6 | d;
    bytes[out++] = static_cast<std::byte>(group >> 16);
    bytes[out++] = static_cast<std::byte>(group >> 8);
    bytes[out++] = static_cast<std::byte>(group);
  }
  if (padding == 0) return true;
  const std::uint32_t a = digit(text[i]), b = digit(text[i + 1]), c = padding == 1 ? digit(text[i + 2]) : 0;
  if (a == no_digit || b == no_digit || c == no_digit) return false;
  const std::uint32_t group = a << 18 | b << 12 | c << 6;
  if ((padding == 1 ? group & 0xFF : group & 0xFFFF) != 0) return false;  // unused bits
  bytes[out++] = static_cast<std::byte>(group >> 16);
  if (padding == 1) bytes[out++] = static_cast<std::byte>(group >> 8);
  return true;
}

}  // namespace tutti::message
