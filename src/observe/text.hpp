// Text as the exporters write it: appended to a string that the caller owns, always valid UTF-8, whatever came in.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <tutti/attribute.hpp>
#include <tutti/time.hpp>

namespace tutti::observe {

// The longest prefix of at most `bytes_max` bytes that does not split a character.
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t bytes_max) noexcept;

// Length of the well-formed character (RFC 3629) at the start of a text that is not empty; 0 if there is none.
[[nodiscard]] std::size_t character_length(std::string_view text) noexcept;

// With quotes. Control characters are escaped, bytes that are no UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);
// NaN and infinities, which JSON does not know, become the strings "NaN", "Infinity", "-Infinity" (as protobuf's JSON).
void append_json(std::string& out, double number);
void append_json(std::string& out, const AttributeValue& value);

void append_number(std::string& out, std::uint64_t number);
void append_number(std::string& out, std::int64_t number);
void append_hex(std::string& out, std::span<const std::uint8_t> bytes);

// RFC 3339 in UTC with all nine digits, so that lines sort as text.
void append_time(std::string& out, Time time);

}  // namespace tutti::observe
