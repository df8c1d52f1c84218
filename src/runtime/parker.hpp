// The primitive under every wait: one fiber parks, somebody unparks it. An unpark that comes first is kept.
#pragma once

#include <tutti/clock.hpp>

#include "runtime/shard.hpp"

namespace tutti::runtime {

// Both on the same shard.
class Parker {
 public:
  Parker() = default;
  Parker(const Parker&) = delete;
  Parker& operator=(const Parker&) = delete;

  // Waits. True: unparked; false: `until` has passed. Throws what is pending on the fiber, unless unparked already.
  bool park(Instant until = Instant::never(), const char* for_what = "an event");
  bool park_though_no_wait(
      const char* for_what);           // as park(), also under a NoWaitScope: what a transaction waits for itself
  void park_uninterrupted() noexcept;  // no deadline, no cancellation
  void unpark() noexcept;

 private:
  Fiber* fiber_ = nullptr;
  bool unparked_ = false;
};

// unpark() may come from any thread, once. Must stay until it came: after a park that threw or timed out, either
// make sure that nobody will unpark, or call park_uninterrupted().
class RemoteParker : private Posted {
 public:
  RemoteParker();  // on the fiber that will park
  RemoteParker(const RemoteParker&) = delete;
  RemoteParker& operator=(const RemoteParker&) = delete;

  bool park(Instant until = Instant::never(), const char* for_what = "another thread");
  bool park_though_no_wait(const char* for_what);
  void park_uninterrupted() noexcept;
  void unpark() noexcept;

 private:
  Shard& shard_;
  Parker local_;
};

}  // namespace tutti::runtime
