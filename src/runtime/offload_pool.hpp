// The threads behind tutti::offload, shared by the shards of a process. As many as the cgroup's CPU quota allows, not
// as the machine has cores, started when first needed. In a simulated world there are none: the work runs inline, after
// a delay drawn from the seed.
#pragma once

#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/job_queue.hpp"
#include "world/world.hpp"

namespace tutti::runtime {

struct OffloadSettings {
  std::size_t threads = 0;       // 0: the CPU quota, at least 1
  std::size_t queue_max = 4096;  // jobs waiting for a thread; beyond, offload throws resource_exhausted
};

struct OffloadFigures {
  std::size_t threads = 0;
  std::size_t threads_max = 0;
  std::size_t queued = 0;
  std::size_t running = 0;
};

class OffloadPool {
 public:
  OffloadPool(world::World& world, const OffloadSettings& settings);
  ~OffloadPool();  // after all shards that use it have stopped; finishes what is queued
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;

  void run(void (*function)(void*), void* argument);  // Waits. As tutti::offload.
  [[nodiscard]] OffloadFigures figures();

 private:
  void start_thread_if_short();

  world::World& world_;
  std::size_t threads_max_;
  JobQueue jobs_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace tutti::runtime
