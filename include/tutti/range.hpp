// A number with bounds, as a field of a message: Range<std::int64_t, 1, 100'000'000>. The bounds are checked where
// a message enters or leaves a service, with the path of the field; an assignment is not checked.
// Arithmetic on a mutable one needs the number itself: `*line.quantity += 1`, `std::max(*line.quantity, 3)`.
#pragma once

#include <limits>
#include <type_traits>
#include <utility>

namespace tutti {

template <class T, T Min, T Max = std::numeric_limits<T>::max()>
requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) struct Range {
  static_assert(Min <= Max, "tutti: a Range needs its lower bound first");
  static constexpr T min = Min;
  static constexpr T max = Max;

  T value;  // no initialiser: a field of this type without one must be given

  Range() = default;
  // Only what the number itself would take without narrowing.
  template <class U>
  requires requires(U u) { T{u}; }
  constexpr Range(U u) noexcept : value{u} {}
  constexpr operator T() const noexcept { return value; }
  [[nodiscard]] constexpr T& operator*() noexcept { return value; }
  [[nodiscard]] constexpr const T& operator*() const noexcept { return value; }
};

}  // namespace tutti
