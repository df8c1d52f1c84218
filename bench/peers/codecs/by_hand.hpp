// The message read by hand over simdjson's on-demand reader and written by appending text: in a file of its own, as it
// is compiled for a newer instruction set than all else.
#pragma once

#include <string>
#include <string_view>

#include "../../limit/echo.hpp"

namespace bench {

// 64 bytes behind the text must be readable.
[[nodiscard]] bool read_by_hand(std::string_view text, Message& message);
void write_by_hand(const Message& message, std::string& out);

}  // namespace bench
