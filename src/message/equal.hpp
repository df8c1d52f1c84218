// Two values of one shape side by side, a value for people to read, and a copy: what tests, printers and the in-process
// transport need of types that have neither == nor <<.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tutti/detail/shape.hpp>

namespace tutti::message {

inline constexpr std::size_t differences_shown_max = 8;

// "items[3].price: 901, expected 900"; empty if the values are the same. Two NaN are the same.
[[nodiscard]] std::vector<std::string> differences(const detail::Shape& shape, const void* actual, const void* expected,
                                                   std::size_t max = differences_shown_max);
[[nodiscard]] bool same(const detail::Shape& shape, const void* a, const void* b);

// Like JSON, on one line, whatever the value: invalid text is repaired, secrets are "***", absent optionals left out.
[[nodiscard]] std::string printed(const detail::Shape& shape, const void* value);

// Copies into a default-constructed value of the same shape.
void copy_value(const detail::Shape& shape, const void* from, void* to);

}  // namespace tutti::message
