// A list with bounds of its length, as a field of a message: Items<Line, 1> is a std::vector<Line> with at
// least one. Checked where a message enters or leaves a service. Unlike a plain list it must be given if
// its lower bound is above zero.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace tutti {

template <class T, std::size_t Min, std::size_t Max = static_cast<std::size_t>(-1)>
class Items : public std::vector<T> {
  static_assert(Min <= Max, "tutti: an Items needs its lower bound first");

 public:
  static constexpr std::size_t items_min = Min;
  static constexpr std::size_t items_max = Max;

  using std::vector<T>::vector;
  Items() = default;
  Items(std::vector<T> items) noexcept : std::vector<T>(std::move(items)) {}
};

}  // namespace tutti
