// In a simulation nothing really takes time, so what would run on another thread takes some of the virtual one, drawn
// from the seed: other fibers get in between, as they would in reality.
#pragma once

#include <chrono>
#include <cstdint>

#include "runtime/shard.hpp"
#include "world/world.hpp"

namespace tutti::runtime {

inline constexpr std::uint64_t simulated_delay_max_ns = 1'000'000;

// Waits on a fiber, also under a NoWaitScope; elsewhere nothing.
inline void simulated_delay(world::World& world, const char* for_what) {
  if (!on_fiber()) return;
  Shard& shard = Shard::current();
  const std::chrono::nanoseconds delay(world.random().below(simulated_delay_max_ns));
  while (shard.park(shard.read_clock() + delay, Shard::Interruption::allowed, for_what)) {
  }
}

}  // namespace tutti::runtime
