// One setting as one text: what a variable, a flag, a mounted file or a YAML scalar holds. Numbers may be written as
// 0x1F and 0o17, durations as 500ms, 1h30m or PT0.5S, lists as a,b,c, maps as a=1,b=2. yes and no are no booleans.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tutti/detail/shape.hpp>

namespace tutti::settings {

// Whether a value of this shape can be given as one text: no records and variants, and no lists of lists.
[[nodiscard]] bool is_text(const detail::Shape& shape) noexcept;
// Whether the shape or a part of it is a secret.
[[nodiscard]] bool is_secret(const detail::Shape& shape) noexcept;

// Sets the value; otherwise says what was expected ("a whole number from 1 to 100") and leaves it in any state.
[[nodiscard]] std::optional<std::string> read_setting(const detail::Shape& shape, void* value, std::string_view text);
// The text that read_setting would read; "***" for a secret that is not empty.
[[nodiscard]] std::string write_setting(const detail::Shape& shape, const void* value);
// "a whole number from 1 to 100", "a list of ...", "a mapping with the keys a, b"
[[nodiscard]] std::string expected_setting(const detail::Shape& shape);

}  // namespace tutti::settings
