// Fleet files as one tree: every key checked, Compose's short forms written out, so that two files merge whatever form
// each uses, and several files merged by Compose's rules: mappings by key, lists one behind the other, commands and
// single values replaced.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fleet/value.hpp"

namespace tutti::fleet {

struct FleetTree {
  Value root = {};
  std::vector<std::string> ignored = {}, notes = {};
};

// Lays the file over what the tree holds. Throws Refusal.
void lay_over(FleetTree& tree, const std::filesystem::path& file, const settings::Lookup& lookup);

}  // namespace tutti::fleet
