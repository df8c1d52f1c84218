// Who may write to a database: one fiber at a time, first come, first served, from any shard. It stands before SQLite's
// own write lock, so that the fibers of one process never poll for it and only other instances are waited for by
// SQLite.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

#include "world/world.hpp"

namespace tutti::database {

class WriterQueue {
 public:
  WriterQueue(world::World& world, std::chrono::nanoseconds wait_max) : world_(world), wait_max_(wait_max) {}
  WriterQueue(const WriterQueue&) = delete;
  WriterQueue& operator=(const WriterQueue&) = delete;

  // Waits, within the fiber's deadline and wait_max. From no fiber it blocks the thread.
  void enter();
  void leave() noexcept;  // from wherever, by whom entered
  [[nodiscard]] std::size_t waiting();
  // Whether the calling thread entered, outside of fibers, and has not left.
  [[nodiscard]] bool held_by_this_thread();

 private:
  struct Waiter;
  bool withdraw(Waiter& waiter);
  [[noreturn]] void give_up() const;

  world::World& world_;
  std::chrono::nanoseconds wait_max_;
  std::mutex mutex_;
  bool held_ = false;
  std::thread::id thread_;  // that holds it outside of fibers
  std::deque<Waiter*> waiting_;
};

}  // namespace tutti::database
