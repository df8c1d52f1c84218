// One service of the merged tree as a DesiredService: every default written out, files of variables and secrets read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fleet/desired_state.hpp"
#include "fleet/value.hpp"

namespace tutti::fleet {

struct ServiceSources {
  const std::filesystem::path& folder;  // relative paths begin here
  const settings::Lookup& lookup;
  const Value* secrets = nullptr;  // the file's top-level section; null: none
  std::vector<std::string>& ignored;
};

// Throws Refusal.
[[nodiscard]] DesiredService read_service(const std::string& name, const Value& value, const ServiceSources& sources);

}  // namespace tutti::fleet
