// Which program a service runs.
#pragma once

#include <filesystem>

#include "fleet/desired_state.hpp"

namespace tutti::engines {

// x-tutti.binary: beside tutti, then in PATH; a command: in PATH (the service's own if it sets one); a name with a
// slash: from the working folder. Throws Refusal that lists where it looked.
[[nodiscard]] std::filesystem::path program_of(const fleet::DesiredService& service,
                                               const std::filesystem::path& beside);

}  // namespace tutti::engines
