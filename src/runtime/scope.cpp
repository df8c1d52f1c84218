// Families of fibers: Scope, all, race; and the frames that change deadline and cancellation for a while.
#include <tutti/scope.hpp>

#include <tutti/error.hpp>
#include <tutti/offload.hpp>

#include "runtime/offload_pool.hpp"
#include "runtime/shard.hpp"

namespace tutti {
namespace detail {
namespace {

using runtime::Shard;

// Without a scheduler (a handler called plainly by a unit test) children run at once, one after the other.
bool plain() { return Shard::current_or_null() == nullptr; }

bool is_cancelled(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& failure) {
    return failure.code() == Code::cancelled;
  } catch (...) {
    return false;
  }
}

}  // namespace

void Family::spawn(const TaskType& type, void* task) {
  check_may_wait("a child fiber");
  if (!plain()) {
    Shard::current().spawn_child(*this, type, task);
    return;
  }
  try {
    type.run(task);
  } catch (...) {
    if (error == nullptr) error = std::current_exception();
  }
}

void Family::spawn(void (*run)(void*), void* argument) {
  check_may_wait("a child fiber");
  if (!plain()) {
    Shard::current().spawn_child(*this, run, argument);
    return;
  }
  try {
    run(argument);
  } catch (...) {
    if (error == nullptr) error = std::current_exception();
  }
}

void Family::cancel() noexcept {
  for (runtime::Fiber* fiber = first; fiber != nullptr; fiber = fiber->sibling_next) fiber->shard->cancel(*fiber);
}

void Family::wait() {
  check_may_wait("child fibers");
  if (running > 0 && !runtime::on_fiber()) {
    first->shard->run_until_ended(*this);
    return;
  }
  while (running > 0) waiting.wait("child fibers");
}

void Family::wait_uninterrupted() noexcept {
  if (running > 0 && !runtime::on_fiber()) {
    first->shard->run_until_ended(*this);
    return;
  }
  while (running > 0) waiting.wait_uninterrupted();
}

void run_all(Branch* branches, std::size_t count) {
  check_may_wait("all of several calls");
  if (!runtime::on_fiber()) {
    for (std::size_t i = 0; i < count; ++i) branches[i].run(branches[i].call);
    return;
  }
  Family family;
  bool cancelling = false;
  std::exception_ptr interruption;
  try {
    for (std::size_t i = 0; i < count; ++i) {
      auto body = [&family, &cancelling, &branch = branches[i]] {
        try {
          branch.run(branch.call);
        } catch (...) {
          std::exception_ptr error = std::current_exception();
          // One that only obeyed did not fail.
          if (!cancelling || !is_cancelled(error)) branch.error = std::move(error);
          cancelling = true;
          family.cancel();
        }
      };
      family.spawn(task_type<decltype(body)>, &body);
    }
    family.wait();
  } catch (...) {
    interruption = std::current_exception();
    cancelling = true;
    family.cancel();
  }
  family.wait_uninterrupted();
  for (std::size_t i = 0; i < count; ++i) {
    if (branches[i].error != nullptr) std::rethrow_exception(branches[i].error);
  }
  if (interruption != nullptr) std::rethrow_exception(interruption);
}

std::size_t run_race(Branch* branches, std::size_t count) {
  check_may_wait("the first of several calls");
  if (!runtime::on_fiber()) {
    branches[0].run(branches[0].call);
    return 0;
  }
  Family family;
  std::size_t winner = count;
  bool cancelling = false;
  std::exception_ptr interruption;
  try {
    for (std::size_t i = 0; i < count; ++i) {
      auto body = [&family, &winner, &cancelling, &branch = branches[i], i] {
        try {
          branch.run(branch.call);
        } catch (...) {
          branch.error = std::current_exception();
        }
        if (cancelling) return;
        cancelling = true;
        winner = i;
        family.cancel();
      };
      family.spawn(task_type<decltype(body)>, &body);
    }
    family.wait();
  } catch (...) {
    interruption = std::current_exception();
    cancelling = true;
    family.cancel();
  }
  family.wait_uninterrupted();
  if (winner == count) std::rethrow_exception(interruption);
  if (branches[winner].error != nullptr) std::rethrow_exception(branches[winner].error);
  return winner;
}

void run_offloaded(void (*run)(void* call), void* call) {
  check_may_wait("offloaded work");
  if (!runtime::on_fiber()) {
    run(call);
    return;
  }
  Shard::current().offload().run(run, call);
}

namespace {

// Nothing without a scheduler: no clock, no deadline.
void set_deadline_from_now(std::chrono::nanoseconds from_now, Instant at_most) {
  Shard* shard = Shard::current_or_null();
  if (shard == nullptr) return;
  const Instant end = shard->read_clock() + from_now;
  runtime::set_deadline(end < at_most ? end : at_most);
}

}  // namespace

Shielded::Shielded(std::chrono::nanoseconds own_deadline) : outer_(runtime::deadline().since_start) {
  set_deadline_from_now(own_deadline, Instant::never());
  if (runtime::on_fiber()) ++Shard::current().current_fiber()->shields;
}

Shielded::~Shielded() {
  runtime::set_deadline({outer_});
  if (runtime::on_fiber()) --Shard::current().current_fiber()->shields;
}

Limited::Limited(std::chrono::nanoseconds from_now) : outer_(runtime::deadline().since_start) {
  set_deadline_from_now(from_now, runtime::deadline());
}

Limited::~Limited() { runtime::set_deadline({outer_}); }

}  // namespace detail

Scope::~Scope() {
  children_.cancel();
  children_.wait_uninterrupted();
}

void Scope::join() {
  children_.wait();
  if (children_.error != nullptr) std::rethrow_exception(std::exchange(children_.error, nullptr));
}

}  // namespace tutti
