// A value in memory held against its shape without encoding it: bounds, patterns, UTF-8, finite numbers, enumerators
// with a name, and the types' own checks. For calls within one process and for messages that arrive without a body.
#pragma once

#include <tutti/detail/shape.hpp>
#include <tutti/violations.hpp>

#include "message/place.hpp"

namespace tutti::message {

[[nodiscard]] Violations validate(const detail::Shape& shape, const void* value, const Place& at = {});

}  // namespace tutti::message
