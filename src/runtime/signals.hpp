// SIGTERM and SIGINT, told on the loop as any other event, so that stopping is plain code: drain, close, exit. The
// second one, when somebody has lost patience, ends the process at once. SIGPIPE is ignored: writing tells. One that
// follows another within `same_wish` counts for nothing: what passes signals on to a group of processes, as timeout(1)
// does, sends each of them twice.
#pragma once

#include <chrono>
#include <functional>

#include "runtime/shard.hpp"
#include "world/network.hpp"

namespace tutti::runtime {

// One per process, on a shard of a real world, made on that shard's thread. Children inherit nothing: the handlers
// vanish at exec.
class Signals final : private world::Watcher {
 public:
  static constexpr std::chrono::milliseconds same_wish{100};

  // Called on the loop with the signal's number.
  Signals(Shard& shard, std::function<void(int signal)> asked_to_stop);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void on_ready(world::Ready ready) override;
  void watch();

  Shard& shard_;
  std::function<void(int)> asked_to_stop_;
  int reading_ = -1;
};

}  // namespace tutti::runtime
