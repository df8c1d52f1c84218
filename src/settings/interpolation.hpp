// Variables in values, by the rules of Compose: $NAME, ${NAME}, ${NAME:-default} (unset or empty), ${NAME-default}
// (unset), ${NAME:?message} and ${NAME?message} (required), ${NAME:+instead} and ${NAME+instead} (if set), defaults
// that contain variables themselves, and $$ for one dollar. A value that comes out of a variable is not read again.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::settings {

inline constexpr std::size_t interpolation_depth_max = 16;                    // nested defaults
inline constexpr std::size_t interpolation_bytes_max = std::size_t{1} << 20;  // of the result

using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

struct Interpolated {
  std::string text;                // empty if there is an error
  std::vector<std::string> unset;  // names without a value and without a default: they count as empty
  std::string error = {};          // "variable "HOST" is required but not set: say where the host is"; empty: none
};

[[nodiscard]] Interpolated interpolate(std::string_view text, const Lookup& lookup);

}  // namespace tutti::settings
