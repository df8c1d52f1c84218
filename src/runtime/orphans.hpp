// The first process of a container inherits every process whose parent ends, and only it can take their exit codes:
// until somebody does, the dead stay as zombies and use up process numbers. A child that the service started itself is
// waited for by who started it, so only what has been dead for a while is taken.
#pragma once

#include <chrono>
#include <map>

#include <tutti/clock.hpp>

#include "world/files.hpp"

namespace tutti::runtime {

[[nodiscard]] bool is_first_process() noexcept;

class Orphans {
 public:
  static constexpr std::chrono::seconds patience{10};

  explicit Orphans(world::Files& files) : files_(files) {}
  // To be called now and then. Does not wait.
  void reap(Instant now);

 private:
  world::Files& files_;
  std::map<int, Instant> dead_since_;
};

}  // namespace tutti::runtime
