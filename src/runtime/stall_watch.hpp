// Handlers share their shard's thread, so one that computes for long, or waits in the operating system instead of on
// its fiber, stops all others. This finds it and says its name: a thread that looks, a few times per second, whether
// each shard has gone on to another fiber. The shard itself pays a few stores per switch for it (pulse.hpp).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/pulse.hpp"
#include "world/world.hpp"

namespace tutti::runtime {

struct Stall {
  std::string fiber;                    // the handler, "orders.place"
  std::chrono::nanoseconds duration{};  // so far, or in all when it is over; as exact as the watch looks often
  std::string where;  // "computing", or what the thread waits for in the kernel ("hrtimer_nanosleep"); empty: over
  bool over = false;
};

class StallWatch {
 public:
  // `report` is called on the watch's thread, when a fiber has had its shard for `threshold` (longer than 0) and again
  // when that is over. It may be late by half of the threshold.
  StallWatch(world::World& world, std::chrono::nanoseconds threshold, std::function<void(const Stall&)> report);
  ~StallWatch();  // ends the thread
  StallWatch(const StallWatch&) = delete;
  StallWatch& operator=(const StallWatch&) = delete;

  // The pulse, and what its names name, outlive the watch. From any thread.
  void watch(const Pulse& pulse);

  // Since the start. From any thread.
  [[nodiscard]] std::uint64_t stalls() const noexcept { return stalls_.load(std::memory_order_relaxed); }

 private:
  struct Watched {
    const Pulse* pulse;
    std::uint64_t number = 0;  // at the last look
    Instant since;             // when that number was first seen
    bool told = false;
    std::string fiber = {};
  };
  void run();
  void look(Watched& watched, Instant now);
  [[nodiscard]] std::string where(const Pulse& pulse) const;

  world::World& world_;
  const std::chrono::nanoseconds threshold_;
  const std::function<void(const Stall&)> report_;
  std::atomic<std::uint64_t> stalls_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Watched> watched_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace tutti::runtime
