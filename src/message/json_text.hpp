// Text as a JSON string (RFC 8259 section 7): only what must be escaped is, found eight bytes at a time.
#pragma once

#include <string>
#include <string_view>

#include "message/buffer.hpp"

namespace tutti::message {

// Writes the text in quotes. False, with the text cut at the bad byte, if it is not valid UTF-8.
[[nodiscard]] bool write_json_text(Buffer& out, std::string_view text);
// The same for text that is known to be valid; bytes that are not become U+FFFD.
void append_json_text(std::string& out, std::string_view text);

}  // namespace tutti::message
