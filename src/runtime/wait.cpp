// The waits of include/tutti/{wait,mutex,queue}.hpp over lists of parked fibers.
#include <tutti/wait.hpp>

#include <cerrno>
#include <cstring>
#include <string>

#include <tutti/error.hpp>

#include "runtime/assertion.hpp"
#include "runtime/parker.hpp"
#include "runtime/shard.hpp"

namespace tutti {
namespace detail {

struct Waiter {
  enum class Outcome : std::uint8_t { waiting, granted, closed };
  runtime::Parker parker = {};
  Waiter* previous = nullptr;
  Waiter* next = nullptr;
  Outcome outcome = Outcome::waiting;
};

WaitList::~WaitList() { TUTTI_ASSERT(empty()); }

void WaitList::append(Waiter& waiter) noexcept {
  waiter.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &waiter;
  last_ = &waiter;
}

void WaitList::remove(Waiter& waiter) noexcept {
  (waiter.previous != nullptr ? waiter.previous->next : first_) = waiter.next;
  (waiter.next != nullptr ? waiter.next->previous : last_) = waiter.previous;
}

bool WaitList::wait(const char* for_what) {
  Waiter waiter;
  append(waiter);
  try {
    waiter.parker.park_though_no_wait(for_what);
  } catch (...) {
    // What was granted in the same turn counts: it would be lost otherwise. The interruption stays pending.
    if (waiter.outcome == Waiter::Outcome::waiting) {
      remove(waiter);
      throw;
    }
  }
  return waiter.outcome == Waiter::Outcome::granted;
}

void WaitList::wait_uninterrupted() noexcept {
  Waiter waiter;
  append(waiter);
  waiter.parker.park_uninterrupted();
}

bool WaitList::grant_first() noexcept {
  if (first_ == nullptr) return false;
  Waiter& waiter = *first_;
  remove(waiter);
  waiter.outcome = Waiter::Outcome::granted;
  waiter.parker.unpark();
  return true;
}

void WaitList::close_all() noexcept {
  while (first_ != nullptr) {
    Waiter& waiter = *first_;
    remove(waiter);
    waiter.outcome = Waiter::Outcome::closed;
    waiter.parker.unpark();
  }
}

void check_may_wait(const char* for_what) {
  if (const char* why = runtime::no_wait_reason(); why != nullptr) {
    throw Error(Code::failed_precondition,
                std::string(why) + " may not wait for " + for_what + "; do that before it or after it");
  }
  runtime::Shard* shard = runtime::Shard::current_or_null();
  if (shard != nullptr && shard->current_fiber() != nullptr) shard->throw_pending(*shard->current_fiber(), for_what);
}

QueueCounts::QueueCounts(std::size_t items_max) : room_(items_max) {
  if (items_max == 0) throw Error(Code::invalid_argument, "a queue's items_max is 0; expected at least 1");
}

namespace {

[[noreturn]] void throw_closed() {
  throw Error(Code::failed_precondition, "the queue is closed; nothing can be pushed any more");
}

}  // namespace

void QueueCounts::take_room() {
  check_may_wait("room in a queue");
  if (closed_) throw_closed();
  if (room_ > 0) {
    --room_;
  } else if (!pushing_.wait("room in a queue")) {
    throw_closed();
  }
}

bool QueueCounts::try_take_room() noexcept {
  if (closed_ || room_ == 0) return false;
  --room_;
  return true;
}

void QueueCounts::give_item() noexcept {
  if (!popping_.grant_first()) ++items_;
}

bool QueueCounts::take_item() {
  check_may_wait("an item in a queue");
  if (try_take_item()) return true;
  return !closed_ && popping_.wait("an item in a queue");
}

bool QueueCounts::try_take_item() noexcept {
  if (items_ == 0) return false;
  --items_;
  return true;
}

void QueueCounts::give_room() noexcept {
  if (!pushing_.grant_first()) ++room_;
}

void QueueCounts::close() noexcept {
  closed_ = true;
  pushing_.close_all();
  popping_.close_all();
}

}  // namespace detail

void Mutex::lock() {
  detail::check_may_wait("a mutex");
  if (held_) {
    waiting_.wait("a mutex");
  } else {
    held_ = true;
  }
}

bool Mutex::try_lock() noexcept {
  if (held_) return false;
  held_ = true;
  return true;
}

void Mutex::unlock() noexcept {
  TUTTI_ASSERT(held_);
  if (!waiting_.grant_first()) held_ = false;
}

void Semaphore::acquire() {
  detail::check_may_wait("a permit of a semaphore");
  if (free_ > 0) {
    --free_;
  } else {
    waiting_.wait("a permit of a semaphore");
  }
}

bool Semaphore::try_acquire() noexcept {
  if (free_ == 0) return false;
  --free_;
  return true;
}

void Semaphore::release() noexcept {
  if (!waiting_.grant_first()) ++free_;
}

void sleep(std::chrono::nanoseconds duration) {
  constexpr const char* for_what = "a sleep to end";
  detail::check_may_wait(for_what);
  runtime::Shard* shard = runtime::Shard::current_or_null();
  if (shard == nullptr || shard->current_fiber() == nullptr) {
    runtime::Parker().park(Instant::never(), for_what);  // says that this needs a fiber
    return;
  }
  if (duration <= std::chrono::nanoseconds{0}) {
    shard->yield();
    return;
  }
  const Instant end = shard->read_clock() + duration;  // the turn's time would end it early
  while (shard->park(end, runtime::Shard::Interruption::allowed, for_what)) {
  }
}

namespace {

class DescriptorWait final : public world::Watcher {
 public:
  void on_ready(world::Ready) override { parker.unpark(); }
  runtime::Parker parker;
};

}  // namespace

void wait(int descriptor, Readiness readiness) {
  constexpr const char* for_what = "a descriptor";
  detail::check_may_wait(for_what);
  runtime::Shard* shard = runtime::Shard::current_or_null();
  DescriptorWait waiting;
  if (shard == nullptr) {
    waiting.parker.park(Instant::never(), for_what);  // says that this needs a fiber
    return;
  }
  const bool reading = readiness == Readiness::readable;
  const int error = shard->network().watch_descriptor(descriptor, reading, !reading, &waiting);
  if (error == ENOTSUP && shard->world().simulated()) {
    throw Error(Code::unimplemented,
                "a simulated world has no descriptors to wait for; replace the driver in this test");
  }
  if (error != 0) {
    throw Error(Code::failed_precondition, "cannot wait for descriptor " + std::to_string(descriptor) + ": " +
                                               std::strerror(error) + "; expected an open one that can be polled");
  }
  try {
    waiting.parker.park(Instant::never(), for_what);
  } catch (...) {
    shard->network().forget_descriptor(descriptor);
    throw;
  }
}

}  // namespace tutti
