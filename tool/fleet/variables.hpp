// Files of variables (.env, env_file): NAME=value a line, # comments, 'as it is' and "with \n escapes", both of several
// lines if need be, $NAME within unquoted and double-quoted values. And how long "1m30s" is.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "settings/interpolation.hpp"

namespace tutti::fleet {

using Variables = std::map<std::string, std::string, std::less<>>;

// Throws Refusal with file and line.
[[nodiscard]] Variables read_variables(std::string_view file, std::string_view text, const settings::Lookup& lookup);

// Compose's durations: "90s", "1m30s", "500ms", "1h". Nothing: not one.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace tutti::fleet
