// Which of the file's services run, and in which order: what another one hosts (x-tutti.with) goes into its host, the
// active profiles or the named services are taken, and everything stands behind what it depends on.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "fleet/desired_state.hpp"

namespace tutti::fleet {

struct Selection {
  std::vector<std::string> services = {};            // with what they depend on; empty: by profiles
  std::set<std::string, std::less<>> profiles = {};  // "*": all of them
};

// Throws Refusal.
[[nodiscard]] std::vector<DesiredService> select(std::vector<DesiredService> all, const Selection& selection);

}  // namespace tutti::fleet
