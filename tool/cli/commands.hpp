// What the commands of tutti do. Each returns an exit code and throws Refusal.
#pragma once

#include "cli/command_line.hpp"

namespace tutti::cli {

[[nodiscard]] int up(const Arguments& arguments);
[[nodiscard]] int ps(const Arguments& arguments);
[[nodiscard]] int config(const Arguments& arguments);
[[nodiscard]] int broker(const Arguments& arguments);

}  // namespace tutti::cli
