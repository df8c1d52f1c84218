// What an instance is given: its addresses, where the others are, its secrets, and what the fleet file says.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engines/process/addresses.hpp"
#include "fleet/desired_state.hpp"

namespace tutti::engines {

using Environment = std::map<std::string, std::string>;

enum class LogFormat { automatic, text };  // services write to a pipe and cannot see the terminal behind it

struct RunPlaces {
  std::filesystem::path data;       // TUTTI_DATA
  std::filesystem::path endpoints;  // the watched file
  LogFormat log_format = LogFormat::automatic;
  std::uint16_t broker_port = 0;  // the same as long as the fleet runs; 0: it has no broker
};

[[nodiscard]] Environment environment_of(const fleet::DesiredService& service, const fleet::DesiredState& state,
                                         const Addresses& addresses, const RunPlaces& places);
// Variables that the fleet file sets and the engine must decide: it assigns the addresses.
[[nodiscard]] std::vector<std::string> overruled(const fleet::DesiredService& service);

// One file a secret in `folder`, which nobody else may enter. Empty, or why not.
[[nodiscard]] std::string mount_secrets(const fleet::DesiredService& service, const std::filesystem::path& folder);

}  // namespace tutti::engines
