// The desired state as `tutti config` prints it. Secrets' contents are left out.
#pragma once

#include <string>

#include "fleet/desired_state.hpp"

namespace tutti::fleet {

[[nodiscard]] std::string to_text(const DesiredState& state);

}  // namespace tutti::fleet
