// Whether what has ended is started again, by `restart` of the fleet file.
#pragma once

#include <string>

#include "fleet/desired_state.hpp"

namespace tutti::engines {

enum class Ending { success, failure };

// `restarts`: how often it was started again before.
[[nodiscard]] bool is_started_again(const fleet::DesiredService& service, Ending ending, int restarts);
// "restart is on-failure:3"
[[nodiscard]] std::string describe_restart(const fleet::DesiredService& service);

}  // namespace tutti::engines
