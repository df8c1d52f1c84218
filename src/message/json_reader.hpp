// JSON into a value in memory, by its shape, in one pass over the text: no tree, no index, no allocation but what the
// value itself needs. Every byte is looked at, also inside fields that the shape does not have, so a document that is
// accepted is JSON (RFC 8259) from end to end. A key is first compared raw with the one that should come next.
#pragma once

#include <string_view>

#include <tutti/detail/shape.hpp>
#include <tutti/violations.hpp>

#include "message/place.hpp"
#include "message/rules.hpp"

namespace tutti::message {

// `value` is default-constructed by the caller; with violations it is left in any valid state. `at` starts the paths.
[[nodiscard]] Violations read_json(const detail::Shape& shape, void* value, std::string_view text,
                                   const ReadRules& rules = {}, const Place& at = {});

// Whether the text is one JSON document, within the limits of the rules; the violation says where it is not.
[[nodiscard]] Violations check_json(std::string_view text, const ReadRules& rules = {});

}  // namespace tutti::message
