// See json_text.hpp.
#include "message/json_text.hpp"

#include <array>
#include <bit>
#include <cstdint>

#include "message/swar.hpp"
#include "message/utf8.hpp"

namespace tutti::message {

namespace {

// Writes the escape of a byte below 0x20, a quote or a backslash: at most 6 bytes.
char* write_escape(char* at, char c) noexcept {
  constexpr std::string_view hex = "0123456789abcdef";
  *at++ = '\\';
  switch (c) {
    case '"':
    case '\\':
      *at++ = c;
      return at;
    case '\n':
      *at++ = 'n';
      return at;
    case '\r':
      *at++ = 'r';
      return at;
    case '\t':
      *at++ = 't';
      return at;
    case '\b':
      *at++ = 'b';
      return at;
    case '\f':
      *at++ = 'f';
      return at;
    default:
      std::memcpy(at, "u00", 3);
      at[3] = hex[static_cast<unsigned char>(c) >> 4];
      at[4] = hex[static_cast<unsigned char>(c) & 15];
      return at + 5;
  }
}

}  // namespace

bool write_json_text(Buffer& out, std::string_view text) {
  // Room for the whole text as it is, for one escape too many and for a last word that is written whole.
  constexpr std::size_t slack = 24;
  char* at = out.ensure(text.size() + slack);
  *at++ = '"';
  std::size_t i = 0;
  while (i < text.size()) {
    while (i + 8 <= text.size()) {
      const std::uint64_t word = swar::load(text.data() + i);
      const std::uint64_t special = swar::json_special(word) | (word & swar::high_bits);
      std::memcpy(at, &word, 8);
      if (special != 0) {
        const std::size_t plain = swar::first(special);
        at += plain;
        i += plain;
        break;
      }
      at += 8;
      i += 8;
    }
    if (const std::size_t left = text.size() - i; left < 8) {
      const std::uint64_t word = swar::load_short(text.data() + i, left);
      const std::uint64_t of_text = (std::uint64_t{1} << (8 * left)) - 1;
      const std::uint64_t special = (swar::json_special(word) | (word & swar::high_bits)) & of_text;
      std::memcpy(at, &word, 8);
      const std::size_t plain = special != 0 ? swar::first(special) : left;
      at += plain;
      i += plain;
    }
    if (i == text.size()) break;
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) {
      const std::size_t length = utf8_length(text, i);
      if (length == 0) {
        out.set_end(at);
        return false;
      }
      std::memcpy(at, text.data() + i, length);
      at += length;
      i += length;
    } else {
      at = write_escape(at, c);
      ++i;
      out.set_end(at);
      at = out.ensure(text.size() - i + slack);
    }
  }
  *at++ = '"';
  out.set_end(at);
  return true;
}

void append_json_text(std::string& out, std::string_view text) {
  std::string repaired;
  if (!utf8_valid(text)) {
    for (std::size_t i = 0; i < text.size();) {
      const std::size_t length = utf8_length(text, i);
      repaired += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(i, length);
      i += length == 0 ? 1 : length;
    }
    text = repaired;
  }
  Buffer buffer;
  if (write_json_text(buffer, text)) out += buffer.view();
}

}  // namespace tutti::message
