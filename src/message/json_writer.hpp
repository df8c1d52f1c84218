// A value in memory as JSON, by its shape: compact, fields in declaration order, absent optionals left out, numbers in
// the shortest form that reads back exactly. What may not leave (a bound broken, NaN, text that is not UTF-8) is told
// as violations, and then nothing is written.
#pragma once

#include <string>

#include <tutti/detail/shape.hpp>
#include <tutti/violations.hpp>

#include "message/buffer.hpp"
#include "message/place.hpp"
#include "message/rules.hpp"

namespace tutti::message {

// Both append. The Buffer is the fast one: the text is written where it stays.
[[nodiscard]] Violations write_json(const detail::Shape& shape, const void* value, Buffer& out,
                                    const WriteRules& rules = {}, const Place& at = {});
[[nodiscard]] Violations write_json(const detail::Shape& shape, const void* value, std::string& out,
                                    const WriteRules& rules = {}, const Place& at = {});

}  // namespace tutti::message
