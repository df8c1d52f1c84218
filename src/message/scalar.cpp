// See scalar.hpp. A pattern is compiled by RE2 once per shape and kept in the shape's slot: linear time, and no
// recursion on a fiber's small stack.
#include "message/scalar.hpp"

#include <re2/re2.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "message/utf8.hpp"

namespace tutti::message {

namespace {

using detail::Kind;
using detail::Shape;

template <class T>
T load(const void* value) noexcept {
  T loaded;
  std::memcpy(&loaded, value, sizeof loaded);
  return loaded;
}

template <class T>
void store(void* value, T number) noexcept {
  std::memcpy(value, &number, sizeof number);
}

template <class T, class Number>
bool in_range(Number number) noexcept {
  return number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max();
}

const re2::RE2& pattern_of(const Shape& shape) {
  auto& slot = shape.slots[Shape::slot_pattern];
  if (const void* known = slot.load(std::memory_order_acquire)) return *static_cast<const re2::RE2*>(known);
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto made = std::make_unique<re2::RE2>(re2::StringPiece(shape.pattern.data(), shape.pattern.size()), options);
  const void* expected = nullptr;
  if (slot.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *static_cast<const re2::RE2*>(expected);
}

}  // namespace

std::int64_t load_signed(const Shape& shape, const void* value) noexcept {
  switch (shape.kind) {
    case Kind::int8:
      return load<std::int8_t>(value);
    case Kind::int16:
      return load<std::int16_t>(value);
    case Kind::int32:
      return load<std::int32_t>(value);
    default:
      return load<std::int64_t>(value);
  }
}

std::uint64_t load_unsigned(const Shape& shape, const void* value) noexcept {
  switch (shape.kind) {
    case Kind::uint8:
      return load<std::uint8_t>(value);
    case Kind::uint16:
      return load<std::uint16_t>(value);
    case Kind::uint32:
      return load<std::uint32_t>(value);
    default:
      return load<std::uint64_t>(value);
  }
}

double load_float(const Shape& shape, const void* value) noexcept {
  return shape.kind == Kind::float32 ? static_cast<double>(load<float>(value)) : load<double>(value);
}

bool fits_signed(const Shape& shape, std::int64_t number) noexcept {
  if (shape.has_bounds) return number >= shape.min && number <= shape.max;
  switch (shape.kind) {
    case Kind::int8:
      return in_range<std::int8_t>(number);
    case Kind::int16:
      return in_range<std::int16_t>(number);
    case Kind::int32:
      return in_range<std::int32_t>(number);
    default:
      return true;
  }
}

bool fits_unsigned(const Shape& shape, std::uint64_t number) noexcept {
  if (shape.has_bounds) {
    if (shape.kind == Kind::uint64) return number >= shape.unsigned_min && number <= shape.unsigned_max;
    return number <= std::numeric_limits<std::uint32_t>::max() && static_cast<std::int64_t>(number) >= shape.min &&
           static_cast<std::int64_t>(number) <= shape.max;
  }
  switch (shape.kind) {
    case Kind::uint8:
      return in_range<std::uint8_t>(number);
    case Kind::uint16:
      return in_range<std::uint16_t>(number);
    case Kind::uint32:
      return in_range<std::uint32_t>(number);
    default:
      return true;
  }
}

bool fits_float(const Shape& shape, double number) noexcept {
  if (!std::isfinite(number)) return false;
  return !shape.has_bounds || (number >= shape.float_min && number <= shape.float_max);
}

bool store_signed(const Shape& shape, void* value, std::int64_t number) noexcept {
  if (!fits_signed(shape, number)) return false;
  switch (shape.kind) {
    case Kind::int8:
      store(value, static_cast<std::int8_t>(number));
      break;
    case Kind::int16:
      store(value, static_cast<std::int16_t>(number));
      break;
    case Kind::int32:
      store(value, static_cast<std::int32_t>(number));
      break;
    default:
      store(value, number);
  }
  return true;
}

bool store_unsigned(const Shape& shape, void* value, std::uint64_t number) noexcept {
  if (!fits_unsigned(shape, number)) return false;
  switch (shape.kind) {
    case Kind::uint8:
      store(value, static_cast<std::uint8_t>(number));
      break;
    case Kind::uint16:
      store(value, static_cast<std::uint16_t>(number));
      break;
    case Kind::uint32:
      store(value, static_cast<std::uint32_t>(number));
      break;
    default:
      store(value, number);
  }
  return true;
}

bool store_float(const Shape& shape, void* value, double number) noexcept {
  if (shape.kind == Kind::float32) {
    // Beyond float's range the conversion would be undefined.
    if (!(std::abs(number) <= static_cast<double>(std::numeric_limits<float>::max()))) return false;
    const auto narrow = static_cast<float>(number);
    if (!fits_float(shape, static_cast<double>(narrow))) return false;
    store(value, narrow);
    return true;
  }
  if (!fits_float(shape, number)) return false;
  store(value, number);
  return true;
}

std::string_view name_of_value(const Shape& shape, std::int64_t number) noexcept {
  for (const detail::EnumName& entry : shape.names) {
    if (entry.value == number) return entry.name;
  }
  return {};
}

std::optional<std::int64_t> value_of_name(const Shape& shape, std::string_view name) noexcept {
  for (const detail::EnumName& entry : shape.names) {
    if (entry.name == name) return entry.value;
  }
  return std::nullopt;
}

bool check_bounds_of_text(const Shape& shape, std::string_view text, const Place& place, Report& report) {
  if (shape.length_min != 0 || shape.length_max != static_cast<std::size_t>(-1)) {
    const std::size_t count = utf8_count(text);
    if (count < shape.length_min || count > shape.length_max) {
      report.add(place, shape, std::to_string(count) + (count == 1 ? " character" : " characters"));
      return false;
    }
  }
  if (!shape.pattern.empty()) {
    const re2::RE2& pattern = pattern_of(shape);
    if (!re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern)) {
      report.add(place, shape, pattern.ok() ? quoted(text) : "a pattern that RE2 refuses: " + pattern.error());
      return false;
    }
  }
  return true;
}

bool check_count(const Shape& shape, std::size_t count, const Place& place, Report& report) {
  if (count >= shape.length_min && count <= shape.length_max) return true;
  report.add(place, shape, std::to_string(count) + (count == 1 ? " item" : " items"));
  return false;
}

}  // namespace tutti::message
