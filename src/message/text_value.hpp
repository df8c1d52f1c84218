// Scalars as plain text, without quotes: path, query and header parameters, environment variables, mounted files. A
// list of scalars is separated by commas ("red,green"; a comma inside an item is written "\,", a backslash "\\").
// Values are spelled as in JSON otherwise: numbers, true, RFC 3339, ISO 8601 durations, names, base64.
#pragma once

#include <string>
#include <string_view>

#include <tutti/detail/shape.hpp>
#include <tutti/violations.hpp>

#include "message/place.hpp"

namespace tutti::message {

// Whether a shape has such a text: a scalar, an optional of one, or a list or array of scalars.
[[nodiscard]] bool has_text(const detail::Shape& shape) noexcept;

// Reads into a default-constructed value. An empty text is an empty list, an empty std::string, and an error elsewhere.
void read_text(const detail::Shape& shape, void* value, std::string_view text, const Place& at, Violations& violations);
// One more item of a list, for a query that repeats its key ("?tag=red&tag=green").
void read_item(const detail::Shape& list, void* value, std::string_view text, const Place& at, Violations& violations);
// Checks a list's length once all its items are read.
void check_items(const detail::Shape& list, const void* value, const Place& at, Violations& violations);

// Appends the text; an optional without a value is empty.
void write_text(const detail::Shape& shape, const void* value, std::string& out);

}  // namespace tutti::message
