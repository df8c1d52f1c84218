// Compose files into the desired state: read each, interpolate its values, check its keys, merge the files by Compose's
// rules, read the services, take those of the active profiles. Every refusal names file, line, column and key.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fleet/desired_state.hpp"
#include "fleet/variables.hpp"

namespace tutti::fleet {

struct FleetRequest {
  std::vector<std::filesystem::path> files = {};  // empty: compose.yaml and its kin in the current folder
  std::vector<std::string> profiles = {};         // beside COMPOSE_PROFILES
  std::vector<std::string> services = {};         // with what they depend on; empty: all of the active profiles
  Variables surroundings = {};                    // the process's environment
};

// Throws Refusal.
[[nodiscard]] std::filesystem::path fleet_folder(const FleetRequest& request);  // of the first file; reads none
[[nodiscard]] DesiredState read_fleet(const FleetRequest& request);

}  // namespace tutti::fleet
