// See text_value.hpp.
#include "message/text_value.hpp"

#include <charconv>
#include <cmath>

#include <tutti/time.hpp>

#include "message/base64.hpp"
#include "message/report.hpp"
#include "message/scalar.hpp"
#include "message/time_text.hpp"
#include "message/utf8.hpp"

namespace tutti::message {

namespace {

using detail::Kind;
using detail::Shape;

bool is_scalar(const Shape& shape) noexcept { return shape.kind <= Kind::enumeration; }

// The whole text as one number, without a sign "+", spaces or a locale.
template <class T>
bool parsed(std::string_view text, T& number) noexcept {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

bool read_boolean(std::string_view text, bool& value) noexcept {
  value = text == "true" || text == "1";
  return value || text == "false" || text == "0";
}

bool read_float(const Shape& shape, void* value, std::string_view text) noexcept {
  if (shape.kind == Kind::float32) {
    float narrow = 0;
    return parsed(text, narrow) && store_float(shape, value, static_cast<double>(narrow));
  }
  double number = 0;
  return parsed(text, number) && store_float(shape, value, number);
}

bool read_plain(const Shape& shape, void* value, std::string_view text) {
  if (is_signed(shape.kind)) {
    std::int64_t number = 0;
    return parsed(text, number) && store_signed(shape, value, number);
  }
  if (is_unsigned(shape.kind)) {
    std::uint64_t number = 0;
    return parsed(text, number) && store_unsigned(shape, value, number);
  }
  switch (shape.kind) {
    case Kind::boolean:
      return read_boolean(text, *static_cast<bool*>(value));
    case Kind::float32:
    case Kind::float64:
      return read_float(shape, value, text);
    case Kind::bytes:
      return read_base64(text, *static_cast<std::vector<std::byte>*>(value));
    case Kind::time: {
      const auto time = parse_time(text);
      if (time) *static_cast<Time*>(value) = *time;
      return time.has_value();
    }
    case Kind::duration: {
      const auto nanoseconds = parse_duration(text);
      return nanoseconds && shape.duration->set(value, *nanoseconds);
    }
    default: {
      const auto number = value_of_name(shape, text);
      if (number) shape.enumeration->set(value, *number);
      return number.has_value();
    }
  }
}

void read_scalar(const Shape& shape, void* value, std::string_view text, const Place& place, Report& report) {
  if (shape.kind == Kind::text) {
    if (!utf8_valid(text)) {
      report.add(place, "valid UTF-8", shape.secret ? "***" : quoted(text));
      return;
    }
    static_cast<std::string*>(value)->assign(text);
    (void)check_text(shape, text, place, report);  // complains by itself
  } else if (!read_plain(shape, value, text)) {
    report.add(place, shape, text.empty() ? "nothing" : quoted(text));
  }
}

void append_item(const Shape& list, void* value, std::string_view text, const Place& at, Report& report) {
  const Place place = at.item(list.list->size(value));
  if (list.list->append == nullptr) {
    bool item = false;
    read_scalar(*list.element, &item, text, place, report);
    list.list->append_bool(value, item);
  } else {
    read_scalar(*list.element, list.list->append(value), text, place, report);
  }
}

// Calls take(item) for each item of a comma-separated text.
void each_item(std::string_view text, auto take) {
  std::string item;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      item += text[++i];
    } else if (text[i] == ',') {
      take(item);
      item.clear();
    } else {
      item += text[i];
    }
  }
  take(item);
}

void write_scalar(const Shape& shape, const void* value, std::string& out) {
  char text[64];
  const auto append = [&out, &text](const char* end) { out.append(text, static_cast<std::size_t>(end - text)); };
  if (is_signed(shape.kind)) return append(std::to_chars(text, text + sizeof text, load_signed(shape, value)).ptr);
  if (is_unsigned(shape.kind)) return append(std::to_chars(text, text + sizeof text, load_unsigned(shape, value)).ptr);
  switch (shape.kind) {
    case Kind::boolean:
      out += *static_cast<const bool*>(value) ? "true" : "false";
      return;
    case Kind::float32:
      return append(std::to_chars(text, text + sizeof text, static_cast<float>(load_float(shape, value))).ptr);
    case Kind::float64:
      return append(std::to_chars(text, text + sizeof text, load_float(shape, value)).ptr);
    case Kind::text:
      out += *static_cast<const std::string*>(value);
      return;
    case Kind::bytes: {
      const auto& bytes = *static_cast<const std::vector<std::byte>*>(value);
      std::string encoded(base64_size(bytes.size()), '\0');
      write_base64(encoded.data(), bytes);
      out += encoded;
      return;
    }
    case Kind::time:
      return append(write_time(text, *static_cast<const Time*>(value)));
    case Kind::duration:
      return append(write_duration(text, shape.duration->nanoseconds(value)));
    default:
      out += name_of_value(shape, shape.enumeration->get(value));
  }
}

void write_item(const Shape& shape, const void* value, std::string& out) {
  std::string item;
  write_scalar(shape, value, item);
  for (const char c : item) {
    if (c == ',' || c == '\\') out += '\\';
    out += c;
  }
}

}  // namespace

bool has_text(const Shape& shape) noexcept {
  switch (shape.kind) {
    case Kind::optional:
    case Kind::live:
      return has_text(*shape.element);
    case Kind::list:
    case Kind::array:
      return is_scalar(*shape.element);
    default:
      return is_scalar(shape);
  }
}

void read_text(const Shape& shape, void* value, std::string_view text, const Place& at, Violations& violations) {
  Report report(violations);
  switch (shape.kind) {
    case Kind::optional:
      return read_text(*shape.element, shape.optional->emplace(value), text, at, violations);
    case Kind::live: {
      struct Filling {
        const Shape* shape;
        std::string_view text;
        const Place* at;
        Violations* violations;
      } filling{shape.element, text, &at, &violations};
      shape.live->replace(value, &filling, [](void* context, void* fresh) {
        const auto& self = *static_cast<Filling*>(context);
        const std::size_t before = self.violations->total();
        read_text(*self.shape, fresh, self.text, *self.at, *self.violations);
        return self.violations->total() == before;
      });
      return;
    }
    case Kind::list:
      if (!is_scalar(*shape.element)) break;
      shape.list->clear(value);
      if (!text.empty()) {
        each_item(text, [&](std::string_view item) { append_item(shape, value, item, at, report); });
      }
      return check_items(shape, value, at, violations);
    case Kind::array: {
      if (!is_scalar(*shape.element)) break;
      std::size_t count = 0;
      each_item(text, [&](std::string_view item) {
        if (count < shape.count) {
          read_scalar(*shape.element, static_cast<char*>(value) + count * shape.element->size, item, at.item(count),
                      report);
        }
        ++count;
      });
      if (count != shape.count) report.add(at, shape, std::to_string(count) + (count == 1 ? " item" : " items"));
      return;
    }
    default:
      if (is_scalar(shape)) return read_scalar(shape, value, text, at, report);
  }
  report.add(at, shape, quoted(text));
}

void read_item(const Shape& list, void* value, std::string_view text, const Place& at, Violations& violations) {
  Report report(violations);
  append_item(list, value, text, at, report);
}

void check_items(const Shape& list, const void* value, const Place& at, Violations& violations) {
  Report report(violations);
  (void)check_count(list, list.list->size(value), at, report);  // complains by itself
}

void write_text(const Shape& shape, const void* value, std::string& out) {
  switch (shape.kind) {
    case Kind::optional:
      if (shape.optional->has(value)) write_text(*shape.element, shape.optional->get(value), out);
      return;
    case Kind::live:
      return write_text(*shape.element, shape.live->get(value), out);
    case Kind::list:
      for (std::size_t i = 0; i < shape.list->size(value); ++i) {
        if (i > 0) out += ',';
        if (shape.list->append == nullptr) {
          out += shape.list->get_bool(value, i) ? "true" : "false";
        } else {
          write_item(*shape.element, static_cast<const char*>(shape.list->data(value)) + i * shape.element->size, out);
        }
      }
      return;
    case Kind::array:
      for (std::size_t i = 0; i < shape.count; ++i) {
        if (i > 0) out += ',';
        write_item(*shape.element, static_cast<const char*>(value) + i * shape.element->size, out);
      }
      return;
    default:
      if (is_scalar(shape)) write_scalar(shape, value, out);
  }
}

}  // namespace tutti::message
