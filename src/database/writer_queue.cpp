#include "database/writer_queue.hpp"

#include <algorithm>
#include <optional>

#include <tutti/detail/waiting.hpp>
#include <tutti/error.hpp>

#include "runtime/parker.hpp"
#include "runtime/shard.hpp"

namespace tutti::database {
namespace {

constexpr const char* for_what = "the database's write lock";

}  // namespace

struct WriterQueue::Waiter {
  std::optional<runtime::RemoteParker> fiber;  // else a thread, which waits for `changed`
  std::condition_variable changed;
  bool granted = false;
};

void WriterQueue::give_up() const {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(wait_max_).count();
  throw Error(Code::unavailable,
              "waited " + std::to_string(milliseconds) +
                  " ms for the database's write lock; a transaction is too long, or there are too many");
}

// False: it was granted meanwhile.
bool WriterQueue::withdraw(Waiter& waiter) {
  const std::lock_guard lock(mutex_);
  if (waiter.granted) return false;
  std::erase(waiting_, &waiter);
  return true;
}

void WriterQueue::enter() {
  const bool on_fiber = runtime::on_fiber();
  if (on_fiber) detail::check_may_wait(for_what);
  Waiter waiter;
  if (on_fiber) waiter.fiber.emplace();
  std::unique_lock lock(mutex_);
  if (!held_) {
    held_ = true;
    thread_ = on_fiber ? std::thread::id() : std::this_thread::get_id();
    return;
  }
  if (!on_fiber && world_.simulated())
    throw Error(Code::failed_precondition,
                "the database is in a transaction, and outside of fibers nobody can wait for it in a simulated world");
  waiting_.push_back(&waiter);
  if (!on_fiber) {
    if (!waiter.changed.wait_for(lock, wait_max_, [&] { return waiter.granted; })) {
      std::erase(waiting_, &waiter);
      give_up();
    }
    thread_ = std::this_thread::get_id();
    return;
  }
  lock.unlock();
  bool in_time = false;
  try {
    in_time = waiter.fiber->park(world_.clock().instant() + wait_max_, for_what);
  } catch (...) {
    if (!withdraw(waiter)) {
      waiter.fiber->park_uninterrupted();  // its unpark is on the way
      leave();
    }
    throw;
  }
  if (in_time) return;
  if (withdraw(waiter)) give_up();
  waiter.fiber->park_uninterrupted();
}

void WriterQueue::leave() noexcept {
  Waiter* next = nullptr;
  {
    const std::lock_guard lock(mutex_);
    thread_ = std::thread::id();
    if (waiting_.empty()) {
      held_ = false;
      return;
    }
    next = waiting_.front();
    waiting_.pop_front();
    next->granted = true;
    if (!next->fiber) {
      next->changed.notify_one();
      return;
    }
  }
  next->fiber->unpark();  // lives until this came
}

std::size_t WriterQueue::waiting() {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

bool WriterQueue::held_by_this_thread() {
  const std::lock_guard lock(mutex_);
  return held_ && thread_ == std::this_thread::get_id();
}

}  // namespace tutti::database
