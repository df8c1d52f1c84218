// The members of a JSON object and the items of a JSON array as pieces of their text, for documents whose shape nobody
// knows before: RFC 8259, found by brackets and quotes alone, nothing is copied.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::message {

struct JsonPart {
  std::string name = {};       // of a member; empty for an item
  std::string_view text = {};  // its value, without the spaces around it
};

// The value without the spaces around it (RFC 8259 section 2).
[[nodiscard]] std::string_view json_trimmed(std::string_view text);

// In the order of the text, which check_json() has accepted and which has to live as long. Nothing if it is neither.
[[nodiscard]] std::vector<JsonPart> json_parts(std::string_view text);

// The string that the text is, unescaped; nothing if it is another kind of value.
[[nodiscard]] std::optional<std::string> json_string(std::string_view text);

}  // namespace tutti::message
