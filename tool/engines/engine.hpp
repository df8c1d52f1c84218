// An engine makes a desired state true and keeps it so: it runs instances where it knows how to run them.
#pragma once

#include "fleet/desired_state.hpp"

namespace tutti::engines {

class Engine {
 public:
  virtual ~Engine() = default;
  // Until SIGINT or SIGTERM, or until nothing is left to run. Blocks. Returns an exit code; throws fleet::Refusal.
  [[nodiscard]] virtual int run(const fleet::DesiredState& state) = 0;
};

}  // namespace tutti::engines
