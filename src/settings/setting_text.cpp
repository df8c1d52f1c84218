#include "settings/setting_text.hpp"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <vector>

#include <tutti/bytes.hpp>
#include <tutti/time.hpp>
#include <tutti/violations.hpp>

#include "message/base64.hpp"
#include "message/report.hpp"
#include "message/scalar.hpp"
#include "message/time_text.hpp"
#include "message/utf8.hpp"

namespace tutti::settings {
namespace {

using detail::Kind;
using detail::Shape;

bool is_scalar(const Shape& shape) noexcept { return shape.kind <= Kind::enumeration; }

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Empty text is no item at all.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> items;
  if (trimmed(text).empty()) return items;
  for (;;) {
    const auto comma = text.find(',');
    items.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

std::optional<std::string> read_boolean(void* value, std::string_view text) {
  const bool yes = text == "true";
  if (!yes && text != "false") {
    for (const std::string_view word : {"yes", "on", "y", "1", "True", "TRUE", "Yes", "On"})
      if (text == word) return "true or false (write true)";
    for (const std::string_view word : {"no", "off", "n", "0", "False", "FALSE", "No", "Off"})
      if (text == word) return "true or false (write false)";
    return "true or false";
  }
  *static_cast<bool*>(value) = yes;
  return std::nullopt;
}

template <class Number>
bool parse(std::string_view text, Number& number, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::optional<std::string> read_integer(const Shape& shape, void* value, std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0o")) {
    base = text[1] == 'x' ? 16 : 8;
    text.remove_prefix(2);
    if (text.starts_with('-')) return expected_setting(shape);
  } else if (text.starts_with('+') && !text.starts_with("+-")) {
    text.remove_prefix(1);
  }
  const std::string_view unsigned_part = text.starts_with('-') ? text.substr(1) : text;
  if (base == 10 && unsigned_part.size() > 1 && unsigned_part[0] == '0' &&
      unsigned_part.find_first_not_of("0123456789") == std::string_view::npos)
    return expected_setting(shape) + " (a leading zero can be read two ways; write 0o17 for an octal number)";
  bool stored = false;
  if (message::is_signed(shape.kind)) {
    std::int64_t number = 0;
    stored = parse(text, number, base) && message::store_signed(shape, value, number);
  } else {
    std::uint64_t number = 0;
    stored = parse(text, number, base) && message::store_unsigned(shape, value, number);
  }
  return stored ? std::nullopt : std::optional(expected_setting(shape));
}

std::optional<std::string> read_float(const Shape& shape, void* value, std::string_view text) {
  double number = 0;
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  if (whole && message::store_float(shape, value, number)) return std::nullopt;
  return expected_setting(shape);
}

std::optional<std::string> read_text(const Shape& shape, void* value, std::string_view text) {
  if (!message::utf8_valid(text)) return expected_setting(shape) + " in UTF-8";
  Violations violations;
  message::Report report(violations);
  if (!message::check_text(shape, text, message::Place{}, report))
    return violations.list().empty() ? expected_setting(shape) : violations.list().front().expected;
  static_cast<std::string*>(value)->assign(text);
  return std::nullopt;
}

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
// Longest first, so that "ms" is not read as "m".
constexpr Unit units[] = {{"ns", 1},
                          {"us", 1'000},
                          {"ms", 1'000'000},
                          {"s", 1'000'000'000},
                          {"m", 60'000'000'000},
                          {"h", 3'600'000'000'000},
                          {"d", 86'400'000'000'000}};

// "1h30m", "1.5s", "-2ms", "0".
std::optional<std::int64_t> parse_units(std::string_view text) {
  if (text == "0") return 0;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  std::int64_t sum = 0;
  while (!text.empty()) {
    const std::size_t digits = text.find_first_not_of("0123456789");
    std::int64_t number = 0;
    if (digits == 0 || digits == std::string_view::npos || !parse(text.substr(0, digits), number, 10))
      return std::nullopt;
    text.remove_prefix(digits);
    std::string_view fraction;
    if (text.starts_with('.')) {
      const std::size_t end = text.find_first_not_of("0123456789", 1);
      if (end == std::string_view::npos || end == 1 || end > 10) return std::nullopt;
      fraction = text.substr(1, end - 1);
      text.remove_prefix(end);
    }
    const Unit* unit = nullptr;
    for (const Unit& one : units)
      if (text.starts_with(one.name) && (unit == nullptr || one.name.size() > unit->name.size())) unit = &one;
    if (unit == nullptr) return std::nullopt;
    text.remove_prefix(unit->name.size());
    std::int64_t part = 0;
    if (__builtin_mul_overflow(number, unit->nanoseconds, &part) || __builtin_add_overflow(sum, part, &sum))
      return std::nullopt;
    std::int64_t of_unit = unit->nanoseconds;
    for (const char digit : fraction) {
      if (of_unit % 10 != 0) {
        if (digit != '0') return std::nullopt;
        continue;
      }
      of_unit /= 10;
      if (__builtin_add_overflow(sum, of_unit * (digit - '0'), &sum)) return std::nullopt;
    }
  }
  return negative ? -sum : sum;
}

std::optional<std::string> read_duration(const Shape& shape, void* value, std::string_view text) {
  const bool iso = text.starts_with('P') || text.starts_with("-P") || text.starts_with("+P");
  const std::optional<std::int64_t> parsed = iso ? message::parse_duration(text) : parse_units(text);
  if (!parsed) return expected_setting(shape);
  if (!shape.duration->set(value, *parsed))
    return expected_setting(shape) + " that is no finer than the setting's own unit";
  return std::nullopt;
}

std::string write_duration(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  std::size_t at = std::size(units) - 2;  // days are read, never written
  while (nanoseconds % units[at].nanoseconds != 0) --at;
  return std::to_string(nanoseconds / units[at].nanoseconds) + std::string(units[at].name);
}

std::optional<std::string> read_scalar(const Shape& shape, void* value, std::string_view text) {
  if (shape.kind == Kind::text) return read_text(shape, value, text);
  if (shape.kind == Kind::boolean) return read_boolean(value, text);
  if (message::is_integer(shape.kind)) return read_integer(shape, value, text);
  switch (shape.kind) {
    case Kind::float32:
    case Kind::float64:
      return read_float(shape, value, text);
    case Kind::duration:
      return read_duration(shape, value, text);
    case Kind::bytes:
      if (message::read_base64(text, *static_cast<Bytes*>(value))) return std::nullopt;
      return expected_setting(shape);
    case Kind::time:
      if (const auto time = parse_time(text)) {
        *static_cast<Time*>(value) = *time;
        return std::nullopt;
      }
      return expected_setting(shape);
    case Kind::enumeration:
      if (const auto number = message::value_of_name(shape, text)) {
        shape.enumeration->set(value, *number);
        return std::nullopt;
      }
      return expected_setting(shape);
    default:
      return expected_setting(shape);
  }
}

std::string of_item(const Shape& list, const std::string& expected, std::size_t number, std::string_view item) {
  std::string text = expected_setting(list) + "; item " + std::to_string(number + 1);
  if (!is_secret(list)) text += " is " + message::quoted(item);
  return text + ", expected " + expected;
}

bool count_fits(const Shape& shape, std::size_t count) {
  return count >= shape.length_min && count <= shape.length_max;
}

std::optional<std::string> read_list(const Shape& shape, void* value, std::string_view text) {
  const auto items = split(text);
  if (!count_fits(shape, items.size())) return expected_setting(shape);
  shape.list->clear(value);
  for (std::size_t i = 0; i < items.size(); ++i) {
    void* at = shape.list->append != nullptr ? shape.list->append(value) : nullptr;
    bool boolean = false;
    if (auto wrong = read_scalar(*shape.element, at == nullptr ? &boolean : at, items[i]))
      return of_item(shape, *wrong, i, items[i]);
    if (at == nullptr) shape.list->append_bool(value, boolean);
  }
  return std::nullopt;
}

std::optional<std::string> read_array(const Shape& shape, void* value, std::string_view text) {
  const auto items = split(text);
  if (items.size() != shape.count) return expected_setting(shape);
  for (std::size_t i = 0; i < items.size(); ++i)
    if (auto wrong = read_scalar(*shape.element, static_cast<std::byte*>(value) + i * shape.element->size, items[i]))
      return of_item(shape, *wrong, i, items[i]);
  return std::nullopt;
}

std::optional<std::string> read_map(const Shape& shape, void* value, std::string_view text) {
  const auto items = split(text);
  shape.map->clear(value);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto equals = items[i].find('=');
    if (equals == std::string_view::npos || equals == 0) return of_item(shape, "key=value", i, items[i]);
    void* at = shape.map->emplace(value, trimmed(items[i].substr(0, equals)));
    if (at == nullptr) return of_item(shape, "each key once", i, items[i]);
    if (auto wrong = read_scalar(*shape.element, at, trimmed(items[i].substr(equals + 1))))
      return of_item(shape, *wrong, i, items[i]);
  }
  return std::nullopt;
}

struct Fill {
  const Shape* shape;
  std::string_view text;
  std::optional<std::string> wrong;
};

std::optional<std::string> read_live(const Shape& shape, void* value, std::string_view text) {
  Fill fill{shape.element, text, std::nullopt};
  shape.live->replace(value, &fill, [](void* context, void* fresh) {
    auto& f = *static_cast<Fill*>(context);
    f.wrong = read_setting(*f.shape, fresh, f.text);
    return !f.wrong;
  });
  return std::move(fill.wrong);
}

std::string write_scalar(const Shape& shape, const void* value) {
  char text[40];
  if (message::is_signed(shape.kind)) return std::to_string(message::load_signed(shape, value));
  if (message::is_unsigned(shape.kind)) return std::to_string(message::load_unsigned(shape, value));
  switch (shape.kind) {
    case Kind::boolean:
      return *static_cast<const bool*>(value) ? "true" : "false";
    case Kind::float32:
      return {text, std::to_chars(text, std::end(text), *static_cast<const float*>(value)).ptr};
    case Kind::float64:
      return {text, std::to_chars(text, std::end(text), *static_cast<const double*>(value)).ptr};
    case Kind::text:
      return *static_cast<const std::string*>(value);
    case Kind::bytes: {
      const Bytes& bytes = *static_cast<const Bytes*>(value);
      std::string out(message::base64_size(bytes.size()), '\0');
      message::write_base64(out.data(), bytes);
      return out;
    }
    case Kind::time:
      return to_string(*static_cast<const Time*>(value));
    case Kind::duration:
      return write_duration(shape.duration->nanoseconds(value));
    case Kind::enumeration:
      return std::string(message::name_of_value(shape, shape.enumeration->get(value)));
    default:
      return {};
  }
}

struct Writing {
  const Shape* element;
  std::string out;
};

}  // namespace

bool is_text(const Shape& shape) noexcept {
  switch (shape.kind) {
    case Kind::optional:
    case Kind::live:
      return is_text(*shape.element);
    case Kind::list:
    case Kind::map:
    case Kind::array:
      return is_scalar(*shape.element);
    default:
      return is_scalar(shape);
  }
}

bool is_secret(const Shape& shape) noexcept {
  // A record that contains itself is not followed again: depth is enough to find what it holds beside itself.
  struct Search {
    static bool in(const Shape& s, int depth) noexcept {
      if (s.secret) return true;
      if (depth == 0) return false;
      if (s.element != nullptr && in(*s.element, depth - 1)) return true;
      for (const detail::Field& field : s.fields)
        if (in(*field.shape, depth - 1)) return true;
      for (const detail::Alternative& alternative : s.alternatives)
        if (in(*alternative.shape, depth - 1)) return true;
      return false;
    }
  };
  return Search::in(shape, 6);
}

std::optional<std::string> read_setting(const Shape& shape, void* value, std::string_view text) {
  switch (shape.kind) {
    case Kind::optional:
      shape.optional->reset(value);
      return text.empty() ? std::nullopt : read_setting(*shape.element, shape.optional->emplace(value), text);
    case Kind::live:
      return read_live(shape, value, text);
    case Kind::list:
      return is_text(shape) ? read_list(shape, value, text) : expected_setting(shape);
    case Kind::array:
      return is_text(shape) ? read_array(shape, value, text) : expected_setting(shape);
    case Kind::map:
      return is_text(shape) ? read_map(shape, value, text) : expected_setting(shape);
    default:
      return read_scalar(shape, value, text);
  }
}

std::string write_setting(const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Kind::optional:
      return shape.optional->has(value) ? write_setting(*shape.element, shape.optional->get(value)) : std::string();
    case Kind::live:
      return write_setting(*shape.element, shape.live->get(value));
    case Kind::list: {
      std::string out;
      const std::size_t size = shape.list->size(value);
      const auto* data = shape.list->data != nullptr ? static_cast<const std::byte*>(shape.list->data(value)) : nullptr;
      for (std::size_t i = 0; i < size; ++i) {
        if (i > 0) out += ',';
        out += data != nullptr ? write_setting(*shape.element, data + i * shape.element->size)
                               : (shape.list->get_bool(value, i) ? "true" : "false");
      }
      return out;
    }
    case Kind::array: {
      std::string out;
      for (std::size_t i = 0; i < shape.count; ++i) {
        if (i > 0) out += ',';
        out += write_setting(*shape.element, static_cast<const std::byte*>(value) + i * shape.element->size);
      }
      return out;
    }
    case Kind::map: {
      Writing writing{shape.element, {}};
      shape.map->each(value, &writing, [](void* context, const std::string& key, const void* item) {
        auto& w = *static_cast<Writing*>(context);
        if (!w.out.empty()) w.out += ',';
        w.out += key + "=" + write_setting(*w.element, item);
        return true;
      });
      return std::move(writing.out);
    }
    default: {
      std::string out = write_scalar(shape, value);
      return shape.secret && !out.empty() ? "***" : out;
    }
  }
}

std::string expected_setting(const Shape& shape) {
  const auto counted = [&](std::string text) {
    constexpr auto unlimited = static_cast<std::size_t>(-1);
    if (shape.length_min == 0 && shape.length_max == unlimited) return text;
    if (shape.length_max == unlimited) return text + ", at least " + std::to_string(shape.length_min) + " of them";
    return text + ", " + std::to_string(shape.length_min) + " to " + std::to_string(shape.length_max) + " of them";
  };
  switch (shape.kind) {
    case Kind::optional:
    case Kind::live:
      return expected_setting(*shape.element);
    case Kind::duration:
      return "a duration like 500ms, 30s or PT0.5S";
    case Kind::list:
      return counted(is_text(shape) ? "a list separated by commas" : "a list");
    case Kind::array:
      return "a list of exactly " + std::to_string(shape.count) + " values";
    case Kind::map:
      return is_text(shape) ? "a mapping, or key=value separated by commas" : "a mapping";
    case Kind::record: {
      std::string keys;
      for (const detail::Field& field : shape.fields) keys += (keys.empty() ? "" : ", ") + std::string(field.wire_name);
      return keys.empty() ? "nothing under this name" : "a mapping with the keys " + keys;
    }
    case Kind::variant: {
      std::string tags;
      for (const auto& alternative : shape.alternatives)
        tags += (tags.empty() ? "" : ", ") + std::string(alternative.tag);
      return "a mapping whose \"type\" is one of " + tags;
    }
    default:
      return message::expected_of(shape);
  }
}

}  // namespace tutti::settings
