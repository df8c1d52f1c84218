// Numbers, texts and enumerators in memory, by shape: loaded, stored and held against their bounds. Shared by all
// codecs, so that a bound means the same on every wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tutti/detail/shape.hpp>

#include "message/report.hpp"

namespace tutti::message {

[[nodiscard]] constexpr bool is_signed(detail::Kind kind) noexcept {
  return kind >= detail::Kind::int8 && kind <= detail::Kind::int64;
}
[[nodiscard]] constexpr bool is_unsigned(detail::Kind kind) noexcept {
  return kind >= detail::Kind::uint8 && kind <= detail::Kind::uint64;
}
[[nodiscard]] constexpr bool is_integer(detail::Kind kind) noexcept { return is_signed(kind) || is_unsigned(kind); }

[[nodiscard]] std::int64_t load_signed(const detail::Shape& shape, const void* value) noexcept;
[[nodiscard]] std::uint64_t load_unsigned(const detail::Shape& shape, const void* value) noexcept;
[[nodiscard]] double load_float(const detail::Shape& shape, const void* value) noexcept;

// False, with nothing stored, if the number does not fit the type or its bounds.
[[nodiscard]] bool store_signed(const detail::Shape& shape, void* value, std::int64_t number) noexcept;
[[nodiscard]] bool store_unsigned(const detail::Shape& shape, void* value, std::uint64_t number) noexcept;
[[nodiscard]] bool store_float(const detail::Shape& shape, void* value, double number) noexcept;

[[nodiscard]] bool fits_signed(const detail::Shape& shape, std::int64_t number) noexcept;
[[nodiscard]] bool fits_unsigned(const detail::Shape& shape, std::uint64_t number) noexcept;
// Also false for NaN and infinity, which no wire carries.
[[nodiscard]] bool fits_float(const detail::Shape& shape, double number) noexcept;

// The enumerator's name; empty if it has none.
[[nodiscard]] std::string_view name_of_value(const detail::Shape& shape, std::int64_t number) noexcept;
[[nodiscard]] std::optional<std::int64_t> value_of_name(const detail::Shape& shape, std::string_view name) noexcept;

// Holds a text of valid UTF-8 against the shape's length and pattern; complains and returns false if it does not fit.
bool check_bounds_of_text(const detail::Shape& shape, std::string_view text, const Place& place, Report& report);
inline bool check_text(const detail::Shape& shape, std::string_view text, const Place& place, Report& report) {
  const bool plain = shape.length_min == 0 && shape.length_max == static_cast<std::size_t>(-1) && shape.pattern.empty();
  return plain || check_bounds_of_text(shape, text, place, report);
}
// The same for the number of items of a list or map.
bool check_count(const detail::Shape& shape, std::size_t count, const Place& place, Report& report);

}  // namespace tutti::message
