// See report.hpp.
#include "message/report.hpp"

#include <charconv>
#include <limits>

#include "message/utf8.hpp"

namespace tutti::message {

namespace {

using detail::Kind;
using detail::Shape;

constexpr std::size_t names_shown_max = 12;

std::string number_text(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

std::string whole(std::int64_t min, std::uint64_t max) {
  return "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
}

template <class T>
std::string whole_of(const Shape& shape) {
  if constexpr (std::is_signed_v<T>) {
    const std::int64_t min = shape.has_bounds ? shape.min : std::numeric_limits<T>::min();
    const std::int64_t max = shape.has_bounds ? shape.max : std::numeric_limits<T>::max();
    return "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  } else {
    if (!shape.has_bounds) return whole(0, std::numeric_limits<T>::max());
    // Bounds of the smaller unsigned types fit both forms; uint64 has its own.
    if (shape.kind == Kind::uint64) {
      return "a whole number from " + std::to_string(shape.unsigned_min) + " to " + std::to_string(shape.unsigned_max);
    }
    return "a whole number from " + std::to_string(shape.min) + " to " + std::to_string(shape.max);
  }
}

// " of 1 to 40 characters"; empty if any length will do.
std::string length_text(const Shape& shape, std::string_view one, std::string_view many) {
  constexpr auto unlimited = static_cast<std::size_t>(-1);
  const auto unit = [&](std::size_t count) { return " " + std::string(count == 1 ? one : many); };
  if (shape.length_min == 0 && shape.length_max == unlimited) return "";
  if (shape.length_max == unlimited) return " of at least " + std::to_string(shape.length_min) + unit(shape.length_min);
  if (shape.length_min == 0) return " of at most " + std::to_string(shape.length_max) + unit(shape.length_max);
  if (shape.length_min == shape.length_max) {
    return " of exactly " + std::to_string(shape.length_max) + unit(shape.length_max);
  }
  return " of " + std::to_string(shape.length_min) + " to " + std::to_string(shape.length_max) + unit(shape.length_max);
}

std::string one_of(std::size_t count, auto name_at) {
  std::string text = count == 1 ? "" : "one of ";
  for (std::size_t i = 0; i < count && i < names_shown_max; ++i) {
    if (i > 0) text += ", ";
    text += name_at(i);
  }
  if (count > names_shown_max) text += " and " + std::to_string(count - names_shown_max) + " more";
  return text;
}

}  // namespace

std::string clipped(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_length(text, at);
    if (out.size() + (length == 0 ? 1 : length) > found_bytes_max) return out + "...";
    if (length == 0) {
      out += '?';
      ++at;
    } else {
      out += static_cast<unsigned char>(text[at]) < 0x20 ? " " : text.substr(at, length);
      at += length;
    }
  }
  return out;
}

std::string quoted(std::string_view text) { return '"' + clipped(text) + '"'; }

std::string expected_of(const Shape& shape) {
  switch (shape.kind) {
    case Kind::boolean:
      return "true or false";
    case Kind::int8:
      return whole_of<std::int8_t>(shape);
    case Kind::int16:
      return whole_of<std::int16_t>(shape);
    case Kind::int32:
      return whole_of<std::int32_t>(shape);
    case Kind::int64:
      return whole_of<std::int64_t>(shape);
    case Kind::uint8:
      return whole_of<std::uint8_t>(shape);
    case Kind::uint16:
      return whole_of<std::uint16_t>(shape);
    case Kind::uint32:
      return whole_of<std::uint32_t>(shape);
    case Kind::uint64:
      return whole_of<std::uint64_t>(shape);
    case Kind::float32:
    case Kind::float64:
      if (!shape.has_bounds) return "a number";
      return "a number from " + number_text(shape.float_min) + " to " + number_text(shape.float_max);
    case Kind::text:
      return "a text" + length_text(shape, "character", "characters") +
             (shape.pattern.empty() ? "" : " that matches " + std::string(shape.pattern));
    case Kind::bytes:
      return "bytes in base64";
    case Kind::time:
      return "a time such as 2026-01-31T12:00:00Z";
    case Kind::duration:
      return "a duration such as PT1.5S";
    case Kind::enumeration:
      return one_of(shape.names.size(), [&](std::size_t i) { return shape.names[i].name; });
    case Kind::optional:
    case Kind::live:
      return expected_of(*shape.element);
    case Kind::list:
      return "a list" + length_text(shape, "item", "items");
    case Kind::array:
      return "a list of exactly " + std::to_string(shape.count) + (shape.count == 1 ? " item" : " items");
    case Kind::map:
      return "an object" + length_text(shape, "entry", "entries");
    case Kind::record:
      return "an object";
    case Kind::variant:
      return "an object whose type is " +
             one_of(shape.alternatives.size(), [&](std::size_t i) { return shape.alternatives[i].tag; });
  }
  return "a value";
}

void Report::add(const Place& place, std::string_view expected, std::string_view found) {
  if (full()) {
    violations_.add(Violation{});
  } else {
    violations_.add(path_of(place), expected, found);
  }
}

void Report::add(const Place& place, const Shape& shape, std::string_view found) {
  if (full()) {
    violations_.add(Violation{});
  } else {
    violations_.add(path_of(place), expected_of(shape), shape.secret ? "***" : found);
  }
}

void Report::check(const Place& place, const Shape& shape, const void* value) {
  Violations own;
  shape.check(value, own);
  for (const Violation& violation : own.list()) {
    violations_.add(Violation{joined_path(path_of(place), violation.path), violation.expected, violation.found});
  }
}

}  // namespace tutti::message
