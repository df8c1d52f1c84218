#include "observe/text.hpp"

#include <charconv>
#include <chrono>
#include <cmath>

namespace tutti::observe {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view replacement = "\xEF\xBF\xBD";

void append_padded(std::string& out, std::uint64_t number, int digits) {
  char text[20];
  for (int i = digits; i-- > 0; number /= 10) text[i] = static_cast<char>('0' + number % 10);
  out.append(text, static_cast<std::size_t>(digits));
}

template <class T>
void append_decimal(std::string& out, T number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end);
}

}  // namespace

std::string_view cut(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && bytes_max - end < 3 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::size_t character_length(std::string_view text) noexcept {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && at(i) >= low && at(i) <= high;
  };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;   // no overlong forms
    const unsigned high = first == 0xED ? 0x9F : 0xBF;  // no surrogates
    return follows(1, low, high) && follows(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;  // up to U+10FFFF
    return follows(1, low, high) && follows(2, 0x80, 0xBF) && follows(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

void append_json(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t i = 0;
  while (i < text.size()) {
    // Plain runs are the rule: copy them at once.
    std::size_t run = i;
    while (run < text.size()) {
      const auto c = static_cast<unsigned char>(text[run]);
      if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\') break;
      ++run;
    }
    out.append(text.substr(i, run - i));
    i = run;
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const auto length = character_length(text.substr(i));
      out.append(length == 0 ? replacement : text.substr(i, length));
      i += length == 0 ? 1 : length;
      continue;
    }
    ++i;
    switch (c) {
      case '"':
        out.append("\\\"");
        break;
      case '\\':
        out.append("\\\\");
        break;
      case '\n':
        out.append("\\n");
        break;
      case '\r':
        out.append("\\r");
        break;
      case '\t':
        out.append("\\t");
        break;
      default:
        out.append("\\u00");
        out.push_back(hex_digits[c >> 4]);
        out.push_back(hex_digits[c & 15]);
    }
  }
  out.push_back('"');
}

void append_json(std::string& out, double number) {
  if (std::isnan(number)) {
    out.append("\"NaN\"");
  } else if (std::isinf(number)) {
    out.append(number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  } else if (std::abs(number) >= 1e15) {
    // Digits alone would look like an integer, which may be more than a reader's integers can hold.
    char text[32];
    out.append(text, std::to_chars(text, text + sizeof text, number, std::chars_format::scientific).ptr);
  } else {
    append_decimal(out, number);
  }
}

void append_json(std::string& out, const AttributeValue& value) {
  switch (value.kind()) {
    case AttributeValue::Kind::text:
      return append_json(out, value.text());
    case AttributeValue::Kind::integer:
      return append_decimal(out, value.integer());
    case AttributeValue::Kind::natural:
      return append_decimal(out, value.natural());
    case AttributeValue::Kind::number:
      return append_json(out, value.number());
    case AttributeValue::Kind::flag:
      out.append(value.flag() ? "true" : "false");
      return;
  }
}

void append_number(std::string& out, std::uint64_t number) { append_decimal(out, number); }
void append_number(std::string& out, std::int64_t number) { append_decimal(out, number); }

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  for (const auto byte : bytes) {
    out.push_back(hex_digits[byte >> 4]);
    out.push_back(hex_digits[byte & 15]);
  }
}

void append_time(std::string& out, Time time) {
  using namespace std::chrono;
  // In seconds from here on: the first day that nanoseconds can name begins before the first nanosecond.
  const auto second = floor<seconds>(sys_time<nanoseconds>(time.since_epoch));
  constexpr std::int64_t per_second = 1'000'000'000;
  const auto fraction = (time.since_epoch.count() % per_second + per_second) % per_second;
  const auto day = floor<days>(second);
  const year_month_day date(day);
  const hh_mm_ss clock(second - day);
  append_padded(out, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);  // 1677 to 2262
  out.push_back('-');
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out.push_back('-');
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out.push_back('T');
  append_padded(out, static_cast<std::uint64_t>(clock.hours().count()), 2);
  out.push_back(':');
  append_padded(out, static_cast<std::uint64_t>(clock.minutes().count()), 2);
  out.push_back(':');
  append_padded(out, static_cast<std::uint64_t>(clock.seconds().count()), 2);
  out.push_back('.');
  append_padded(out, static_cast<std::uint64_t>(fraction), 9);
  out.push_back('Z');
}

}  // namespace tutti::observe
