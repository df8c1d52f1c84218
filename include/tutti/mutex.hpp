// Mutual exclusion between fibers. Fibers of a shard run one at a time, so a mutex is only needed for what must not
// change *across a wait*. Never lock a std::mutex there: it would stop the thread, and with it the fiber that holds it.
#pragma once

#include <cstddef>

#include <tutti/detail/waiting.hpp>

namespace tutti {

// First come, first served. For one shard: all fibers that use it run on the same thread. Works with std::unique_lock.
class Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock();  // Waits.
  [[nodiscard]] bool try_lock() noexcept;
  void unlock() noexcept;  // hands over to the first that waits

 private:
  detail::WaitList waiting_;
  bool held_ = false;
};

// Lets at most `permits` in at once. First come, first served; for one shard.
class Semaphore {
 public:
  explicit Semaphore(std::size_t permits) : free_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  void acquire();  // Waits.
  [[nodiscard]] bool try_acquire() noexcept;
  void release() noexcept;
  [[nodiscard]] std::size_t available() const noexcept { return free_; }

 private:
  detail::WaitList waiting_;
  std::size_t free_;
};

}  // namespace tutti
