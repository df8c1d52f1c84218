// The real world: the machine's clocks, the kernel's randomness, epoll and the file system. `main` makes one and
// hands it down; what is below sees only the interfaces of world.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "world/world.hpp"

namespace tutti::world {

[[nodiscard]] std::unique_ptr<World> real_world();

// Its parts, for programs that need only one of them. Clock, Random and Files are thread-safe.
[[nodiscard]] std::unique_ptr<Clock> real_clock();
[[nodiscard]] std::unique_ptr<Random> real_random();
[[nodiscard]] std::unique_ptr<Files> real_files();
// Throws std::system_error if the process is out of descriptors. It must outlive its connections and listeners.
[[nodiscard]] std::unique_ptr<Network> real_network();

// System calls that a real network has made. A request on a kept connection costs one recv and one send; a test holds
// that.
struct NetworkCounters {
  std::uint64_t recv = 0;
  std::uint64_t send = 0;
  std::uint64_t wait = 0;     // epoll_pwait2 or epoll_wait
  std::uint64_t control = 0;  // epoll_ctl
  std::uint64_t accept = 0;
  std::uint64_t connect = 0;
};
// Of a network made by real_network() or the real world; from its own thread.
[[nodiscard]] const NetworkCounters& counters_of(const Network& network);

}  // namespace tutti::world
