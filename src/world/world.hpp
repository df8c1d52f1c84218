// Everything that a program of ours gets from outside: clock, randomness, network, files. Handed in at main,
// never reached around (tests/house looks). Two kinds: the real world (real.hpp) and a simulated one in memory
// with virtual time, drawn from one seed (simulated.hpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tutti/clock.hpp>
#include <tutti/random.hpp>

#include "world/files.hpp"
#include "world/network.hpp"

namespace tutti::world {

class World {
 public:
  virtual ~World() = default;
  [[nodiscard]] virtual Clock& clock() = 0;     // thread-safe
  [[nodiscard]] virtual Random& random() = 0;   // thread-safe
  [[nodiscard]] virtual Files& files() = 0;     // thread-safe
  [[nodiscard]] virtual std::unique_ptr<Network> make_network() = 0;  // one per shard
  // Numeric addresses (port 0) of a host name, in the resolver's order; empty and `error` (a sentence) if there are
  // none. Blocks in the real world: call it through offload.
  [[nodiscard]] virtual std::vector<Address> resolve(const std::string& name, std::string& error) = 0;
  // A simulated world has one thread: offload runs inline there, and the pool is not started.
  [[nodiscard]] virtual bool simulated() const noexcept = 0;
};

}  // namespace tutti::world
