// See time_text.hpp. Calendar arithmetic is on days since 1970-01-01 in the proleptic Gregorian calendar.
#include "message/time_text.hpp"

#include <charconv>
#include <limits>

namespace tutti::message {

namespace {

constexpr std::int64_t second = 1'000'000'000;

char* write_padded(char* at, std::uint64_t number, int digits) noexcept {
  for (int i = digits - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  return at + digits;
}

// ".5" for half a second; nothing for none.
char* write_fraction(char* at, std::uint64_t nanoseconds) noexcept {
  if (nanoseconds == 0) return at;
  *at++ = '.';
  at = write_padded(at, nanoseconds, 9);
  while (at[-1] == '0') --at;
  return at;
}

// Adds number * unit to a magnitude; false if it leaves 64 bits.
bool add_scaled(std::uint64_t& sum, std::uint64_t number, std::uint64_t unit) noexcept {
  std::uint64_t product = 0;
  return !__builtin_mul_overflow(number, unit, &product) && !__builtin_add_overflow(sum, product, &sum);
}

}  // namespace

char* write_time(char* at, Time time) noexcept {
  const std::int64_t count = time.since_epoch.count();
  std::int64_t seconds = count / second;
  std::int64_t fraction = count % second;
  if (fraction < 0) {
    fraction += second;
    --seconds;
  }
  std::int64_t days = seconds / 86'400;
  std::int64_t of_day = seconds % 86'400;
  if (of_day < 0) {
    of_day += 86'400;
    --days;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  at = write_padded(at, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  *at++ = '-';
  at = write_padded(at, static_cast<unsigned>(date.month()), 2);
  *at++ = '-';
  at = write_padded(at, static_cast<unsigned>(date.day()), 2);
  *at++ = 'T';
  at = write_padded(at, static_cast<std::uint64_t>(of_day / 3600), 2);
  *at++ = ':';
  at = write_padded(at, static_cast<std::uint64_t>(of_day / 60 % 60), 2);
  *at++ = ':';
  at = write_padded(at, static_cast<std::uint64_t>(of_day % 60), 2);
  at = write_fraction(at, static_cast<std::uint64_t>(fraction));
  *at++ = 'Z';
  return at;
}

char* write_duration(char* at, std::int64_t nanoseconds) noexcept {
  std::uint64_t magnitude = static_cast<std::uint64_t>(nanoseconds);
  if (nanoseconds < 0) {
    *at++ = '-';
    magnitude = 0 - magnitude;
  }
  *at++ = 'P';
  *at++ = 'T';
  const std::uint64_t whole = magnitude / second;
  const std::uint64_t fraction = magnitude % second;
  const auto part = [&at](std::uint64_t number, char unit) {
    at = std::to_chars(at, at + 20, number).ptr;
    *at++ = unit;
  };
  if (whole >= 3600) part(whole / 3600, 'H');
  if (whole / 60 % 60 != 0) part(whole / 60 % 60, 'M');
  if (whole % 60 != 0 || fraction != 0 || magnitude == 0) {
    at = std::to_chars(at, at + 20, whole % 60).ptr;
    at = write_fraction(at, fraction);
    *at++ = 'S';
  }
  return at;
}

std::optional<std::int64_t> parse_duration(std::string_view text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  bool negative = false;
  if (at != end && (*at == '-' || *at == '+')) negative = *at++ == '-';
  if (at == end || *at++ != 'P') return std::nullopt;
  std::uint64_t sum = 0;
  bool in_time = false;
  int rank = 0;  // units come in falling order, each at most once
  if (at == end) return std::nullopt;
  while (at != end) {
    if (*at == 'T' && !in_time) {
      in_time = true;
      if (rank < 3) rank = 3;
      if (++at == end) return std::nullopt;
      continue;
    }
    std::uint64_t number = 0;
    const auto whole = std::from_chars(at, end, number);
    if (whole.ec != std::errc() || whole.ptr == end) return std::nullopt;
    at = whole.ptr;
    std::uint64_t fraction = 0;
    bool has_fraction = false;
    if (*at == '.' || *at == ',') {
      has_fraction = true;
      ++at;
      std::uint64_t place = second;
      const char* const first = at;
      for (; at != end && *at >= '0' && *at <= '9'; ++at) {
        place /= 10;
        if (place == 0 && *at != '0') return std::nullopt;
        fraction += static_cast<std::uint64_t>(*at - '0') * place;
      }
      if (at == first || at == end) return std::nullopt;
    }
    const char unit = *at++;
    int unit_rank = 0;
    std::uint64_t seconds = 0;
    if (!in_time && unit == 'W') {
      unit_rank = 1, seconds = 7 * 86'400;
    } else if (!in_time && unit == 'D') {
      unit_rank = 2, seconds = 86'400;
    } else if (in_time && unit == 'H') {
      unit_rank = 4, seconds = 3600;
    } else if (in_time && unit == 'M') {
      unit_rank = 5, seconds = 60;
    } else if (in_time && unit == 'S') {
      unit_rank = 6, seconds = 1;
    } else {
      return std::nullopt;
    }
    if (unit_rank <= rank || (has_fraction && unit != 'S')) return std::nullopt;
    rank = unit_rank;
    if (!add_scaled(sum, number, seconds * second) || !add_scaled(sum, fraction, 1)) return std::nullopt;
  }
  const auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (sum > largest + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - sum : sum);
}

}  // namespace tutti::message
