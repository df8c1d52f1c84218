#include "runtime/parker.hpp"

#include <string>

#include <tutti/error.hpp>

#include "runtime/assertion.hpp"

namespace tutti::runtime {
namespace {

Fiber& fiber_that_waits(const char* for_what) {
  Shard* shard = Shard::current_or_null();
  Fiber* fiber = shard == nullptr ? nullptr : shard->current_fiber();
  if (fiber == nullptr) {
    throw Error(Code::failed_precondition,
                std::string("waiting for ") + for_what +
                    " needs a fiber, and this is plain code; call it from a handler, or from "
                    "a test through the Bed");
  }
  return *fiber;
}

}  // namespace

bool Parker::park(Instant until, const char* for_what) {
  if (!unparked_) {
    Fiber& fiber = fiber_that_waits(for_what);
    detail::check_may_wait(for_what);
    fiber_ = &fiber;
    const Fiber::Wake why = fiber.shard->park_unchecked(until, Shard::Interruption::allowed);
    fiber_ = nullptr;
    if (!unparked_) {
      if (why == Fiber::Wake::interrupted) fiber.shard->throw_pending(fiber, for_what);
      return false;
    }
  }
  unparked_ = false;
  return true;
}

bool Parker::park_though_no_wait(const char* for_what) {
  if (!unparked_) {
    Fiber& fiber = fiber_that_waits(for_what);
    fiber_ = &fiber;
    while (!unparked_) {
      try {
        fiber.shard->park(Instant::never(), Shard::Interruption::allowed, for_what);
      } catch (...) {
        if (unparked_) break;
        fiber_ = nullptr;
        throw;
      }
    }
    fiber_ = nullptr;
  }
  unparked_ = false;
  return true;
}

void Parker::park_uninterrupted() noexcept {
  if (!unparked_) {
    Shard& shard = Shard::current();
    fiber_ = shard.current_fiber();
    TUTTI_ASSERT(fiber_ != nullptr);
    while (!unparked_) shard.park_unchecked(Instant::never(), Shard::Interruption::none);
    fiber_ = nullptr;
  }
  unparked_ = false;
}

void Parker::unpark() noexcept {
  unparked_ = true;
  if (fiber_ != nullptr) fiber_->shard->wake(*fiber_, Fiber::Wake::unparked);
}

RemoteParker::RemoteParker() : shard_(Shard::current()) {
  run = [](Posted& self) { static_cast<RemoteParker&>(self).local_.unpark(); };
}

bool RemoteParker::park(Instant until, const char* for_what) { return local_.park(until, for_what); }
bool RemoteParker::park_though_no_wait(const char* for_what) { return local_.park_though_no_wait(for_what); }
void RemoteParker::park_uninterrupted() noexcept { local_.park_uninterrupted(); }
void RemoteParker::unpark() noexcept { shard_.post_message(*this); }

}  // namespace tutti::runtime
