#include "wire/trace_context.hpp"

#include <span>

#include "wire/http1/characters.hpp"

namespace tutti::wire {
namespace {

// Lower case only.
int digit_of(char c) noexcept { return c >= 'A' && c <= 'F' ? -1 : http1::hex_digit(c); }

bool read_hex(std::string_view text, std::span<std::uint8_t> into) noexcept {
  for (std::size_t i = 0; i < into.size(); ++i) {
    const int high = digit_of(text[2 * i]);
    const int low = digit_of(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    into[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::uint8_t byte : bytes) {
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
}

bool is_zero(std::span<const std::uint8_t> bytes) noexcept {
  for (std::uint8_t byte : bytes) {
    if (byte != 0) return false;
  }
  return true;
}

// key = lcalpha|digit followed by lcalpha, digit, "_-*/", at most 256; a multi-tenant key has one '@'.
bool is_key(std::string_view key) noexcept {
  if (key.empty() || key.size() > 256) return false;
  std::size_t at = std::string_view::npos;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = key[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter) continue;
    if (i == 0) return false;
    if (c == '@' && at == std::string_view::npos && i + 1 < key.size()) {
      at = i;
      continue;
    }
    if (c != '_' && c != '-' && c != '*' && c != '/') return false;
  }
  return true;
}

bool is_value(std::string_view value) noexcept {
  if (value.empty() || value.size() > 256 || value.back() == ' ') return false;
  for (char c : value) {
    if (c < 0x20 || c > 0x7e || c == ',' || c == '=') return false;
  }
  return true;
}

// The next member "key=value" of a list; empty members are allowed and skipped.
bool next(std::string_view& rest, std::string_view& member) noexcept {
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    member = http1::trim(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    if (!member.empty()) return true;
  }
  return false;
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) noexcept {
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  TraceParent parent;
  if (!read_hex(text.substr(0, 2), version) || !read_hex(text.substr(3, 32), parent.trace) ||
      !read_hex(text.substr(36, 16), parent.span) || !read_hex(text.substr(53, 2), flags)) {
    return std::nullopt;
  }
  if (version[0] == 0xff || is_zero(parent.trace) || is_zero(parent.span)) return std::nullopt;
  if (version[0] == 0 ? text.size() != 55 : text.size() > 55 && text[55] != '-') return std::nullopt;
  parent.flags = flags[0];
  return parent;
}

void append_traceparent(std::string& out, const TraceParent& parent) {
  out.append("00-");
  append_hex(out, parent.trace);
  out.push_back('-');
  append_hex(out, parent.span);
  out.push_back('-');
  append_hex(out, {&parent.flags, 1});
}

std::string to_string(const TraceParent& parent) {
  std::string out;
  out.reserve(55);
  append_traceparent(out, parent);
  return out;
}

bool is_tracestate(std::string_view text) noexcept {
  if (text.size() > tracestate_bytes_max) return false;
  std::array<std::string_view, tracestate_members_max> keys;
  std::size_t count = 0;
  std::string_view member;
  while (next(text, member)) {
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || count == keys.size()) return false;
    const std::string_view key = member.substr(0, equals);
    if (!is_key(key) || !is_value(member.substr(equals + 1))) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (keys[i] == key) return false;
    }
    keys[count++] = key;
  }
  return count != 0;
}

std::string tracestate_with(std::string_view key, std::string_view value, std::string_view incoming) {
  const bool valid = is_tracestate(incoming);
  if (!is_key(key) || !is_value(value)) return std::string(valid ? incoming : std::string_view());
  std::string out;
  out.append(key).append("=").append(value);
  if (!valid) return out;
  std::size_t count = 1;
  std::string_view member;
  while (count < tracestate_members_max && next(incoming, member)) {
    if (member.substr(0, member.find('=')) == key) continue;
    if (out.size() + 1 + member.size() > tracestate_bytes_max) break;
    out.append(",").append(member);
    ++count;
  }
  return out;
}

}  // namespace tutti::wire
