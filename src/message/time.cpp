// RFC 3339 section 5.6 for tutti::Time. A leap second (":60") is read as the second after it, as POSIX time counts.
#include <tutti/time.hpp>

#include "message/time_text.hpp"

namespace tutti {

namespace {

// Reads exactly `digits` digits; -1 if they are not there.
int read_digits(std::string_view text, std::size_t at, std::size_t digits) noexcept {
  if (at + digits > text.size()) return -1;
  int number = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

}  // namespace

std::string to_string(Time time) {
  char text[message::time_text_max];
  return std::string(text, message::write_time(text, time));
}

std::optional<Time> parse_time(std::string_view text) noexcept {
  // 2026-01-31T12:00:00Z: the fixed part is 19 bytes.
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  const int year = read_digits(text, 0, 4), month = read_digits(text, 5, 2), day = read_digits(text, 8, 2);
  const int hour = read_digits(text, 11, 2), minute = read_digits(text, 14, 2), second = read_digits(text, 17, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;

  std::size_t at = 19;
  std::int64_t fraction = 0;
  if (text[at] == '.') {
    std::int64_t place = 1'000'000'000;
    const std::size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      place /= 10;
      if (place == 0 && text[at] != '0') return std::nullopt;  // finer than a nanosecond
      fraction += (text[at] - '0') * place;
    }
    if (at == first) return std::nullopt;
  }

  int offset_minutes = 0;
  if (at == text.size()) return std::nullopt;
  if (text[at] == 'Z' || text[at] == 'z') {
    ++at;
  } else if (text[at] == '+' || text[at] == '-') {
    const int hours = read_digits(text, at + 1, 2), minutes = read_digits(text, at + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || text[at + 3] != ':') return std::nullopt;
    offset_minutes = (hours * 60 + minutes) * (text[at] == '-' ? -1 : 1);
    at += 6;
  }
  if (at != text.size()) return std::nullopt;

  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  std::int64_t seconds = days * 86'400 + hour * 3600 + (minute - offset_minutes) * 60 + second;
  if (second == 60 && seconds % 86'400 != 0) return std::nullopt;  // leap seconds end a day of UTC
  std::int64_t count = 0;
  // Before 1970 the fraction is taken off the next whole second, so that the first instant that fits is reached.
  if (seconds < 0 && fraction > 0) {
    ++seconds;
    fraction -= 1'000'000'000;
  }
  if (__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &count) ||
      __builtin_add_overflow(count, fraction, &count)) {
    return std::nullopt;
  }
  return Time{std::chrono::nanoseconds{count}};
}

}  // namespace tutti
