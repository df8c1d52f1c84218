// Makes a process of an instance: gives it addresses, its environment and secrets, and a pipe for what it writes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engines/process/instance.hpp"

namespace tutti::engines {

class Launcher {
 public:
  // The state outlives this. `folder` is the private one of this run.
  Launcher(const fleet::DesiredState& state, std::filesystem::path folder, RunPlaces places);

  // Sets pid, addresses, environment and output. Empty, or why the instance could not be started.
  [[nodiscard]] std::string launch(Instance& instance);

 private:
  [[nodiscard]] std::string assign(Instance& instance);
  [[nodiscard]] std::vector<std::string> words_of(const Instance& instance) const;

  const fleet::DesiredState& state_;
  const std::filesystem::path folder_;
  FreePorts ports_ = {};
  const RunPlaces places_;
};

}  // namespace tutti::engines
