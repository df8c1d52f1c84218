// The codecs of messages in the words of this folder: what cannot be written throws, what cannot be read is described.
#pragma once

#include <string>
#include <string_view>

#include <tutti/detail/shape.hpp>

namespace tutti::database {

// Throw invalid_argument, naming the place in the value.
[[nodiscard]] std::string json_of(const detail::Shape& shape, const void* value);
[[nodiscard]] std::string msgpack_of(const detail::Shape& shape, const void* value);
// The same without writing: bounds, patterns, UTF-8.
void check_value(const detail::Shape& shape, const void* value);
// Empty, or what was expected of a single value.
[[nodiscard]] std::string problem_of(const detail::Shape& shape, const void* value);
// Empty, or what is wrong. `into` is a default-constructed value.
[[nodiscard]] std::string from_json(std::string_view json, const detail::Shape& shape, void* into);
[[nodiscard]] std::string from_msgpack(std::string_view bytes, const detail::Shape& shape, void* into);

}  // namespace tutti::database
