#include "wire/http1/date.hpp"

#include <array>

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {
namespace {

constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_digits(std::string& out, unsigned number, unsigned digits) {
  for (unsigned power = digits == 4 ? 1000 : 10; power != 0; power /= 10) {
    out.push_back(static_cast<char>('0' + number / power % 10));
  }
}

std::optional<unsigned> number(std::string_view text) noexcept {
  const auto value = parse_decimal(text);
  return value ? std::optional<unsigned>(static_cast<unsigned>(*value)) : std::nullopt;
}

}  // namespace

std::string http_date(std::chrono::sys_seconds time) {
  using namespace std::chrono;
  const auto day = floor<std::chrono::days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::string out;
  out.reserve(29);
  out.append(days[weekday(day).c_encoding()]).append(", ");
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out.append(" ").append(months[static_cast<unsigned>(date.month()) - 1]).append(" ");
  append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out.push_back(' ');
  append_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
  out.push_back(':');
  append_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out.push_back(':');
  append_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
  return out.append(" GMT");
}

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) noexcept {
  using namespace std::chrono;
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' ' ||
      text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") {
    return std::nullopt;
  }
  unsigned month_number = 0;
  while (month_number < 12 && text.substr(8, 3) != months[month_number]) ++month_number;
  const auto d = number(text.substr(5, 2));
  const auto y = number(text.substr(12, 4));
  const auto h = number(text.substr(17, 2));
  const auto m = number(text.substr(20, 2));
  const auto s = number(text.substr(23, 2));
  if (month_number == 12 || !d || !y || !h || !m || !s || *h > 23 || *m > 59 || *s > 60) return std::nullopt;
  const year_month_day date(year(static_cast<int>(*y)), month(month_number + 1), day(*d));
  if (!date.ok()) return std::nullopt;
  const sys_days midnight(date);
  if (text.substr(0, 3) != days[weekday(midnight).c_encoding()]) return std::nullopt;
  return midnight + hours(*h) + minutes(*m) + seconds(*s);
}

}  // namespace tutti::wire::http1
