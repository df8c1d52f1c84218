// A fiber is a function with a stack of its own: it can stop in the middle (waiting) and be continued later, while the
// thread does other things. Its control block lies at the top of its stack, so starting one on a pooled
// stack allocates nothing. Layout of the mapping, addresses growing: guard | stack, growing down | Fiber.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>
#include <vector>

#include <tutti/clock.hpp>
#include <tutti/detail/waiting.hpp>

#include "runtime/timers.hpp"

namespace tutti::runtime {

class Shard;
class FiberHandle;

// What travels with a fiber and to its children. Who sets the context keeps it alive until the children have ended.
struct Locals {
  Instant deadline = Instant::never();
  const void* context = nullptr;
};

struct FiberRules {
  std::string_view name = "a fiber";  // outlives the fiber: "orders.place"
  Instant deadline = Instant::never();
  const void* context = nullptr;
  FiberHandle* handle = nullptr;  // by which its owner may cancel it
};

struct Fiber {
  enum class State : std::uint8_t { idle, ready, running, parked };
  enum class Wake : std::uint8_t { unparked, time, interrupted };

  explicit Fiber(Shard& shard) noexcept;

  void* machine = nullptr;  // where it stopped (fcontext_t)
  Fiber* next = nullptr;    // in the ready queue
  Shard* shard;
  void (*run)(void*) = nullptr;
  void* argument = nullptr;
  const detail::TaskType* task = nullptr;  // of a task that the fiber owns: `argument` points to it
  std::string_view name;
  Locals locals;
  State state = State::idle;
  Wake wake = Wake::unparked;
  bool cancelled = false;
  bool task_on_heap = false;
  bool memory_returned = false;           // while idle: its pages went back to the kernel
  std::uint32_t shields = 0;              // how many: cancellation is set aside while there is one
  bool interruptible = false;             // while parked
  const char* no_wait_reason = nullptr;   // set: waits are refused with this reason
  Instant wait_until = Instant::never();  // while parked
  Timer timer;
  FiberHandle* handle = nullptr;
  detail::Family* family = nullptr;
  Fiber* sibling_next = nullptr;
  Fiber* sibling_previous = nullptr;
  // The two words of __cxa_get_globals: exceptions being handled belong to the fiber, not to the thread.
  void* exceptions_caught = nullptr;
  unsigned int exceptions_uncaught = 0;

  std::byte* mapping = nullptr;  // begins with the guard
  std::size_t mapping_bytes = 0;
  std::size_t guard_bytes = 0;
  void* sanitizer_fiber = nullptr;
  void* fake_stack = nullptr;

  // Tasks up to this size lie in the fiber; larger ones on the heap.
  static constexpr std::size_t task_bytes = 192;
  alignas(std::max_align_t) std::byte room[task_bytes];

  [[nodiscard]] std::byte* stack_bottom() const noexcept { return mapping + guard_bytes; }
  [[nodiscard]] std::size_t stack_bytes() const noexcept {
    return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(this) - stack_bottom());
  }
};

// The owner's end of a detached fiber. Must outlive the fiber or be destroyed on its shard; then the fiber goes on
// alone.
class FiberHandle {
 public:
  FiberHandle() = default;
  ~FiberHandle();
  FiberHandle(const FiberHandle&) = delete;
  FiberHandle& operator=(const FiberHandle&) = delete;

  [[nodiscard]] bool running() const noexcept { return fiber_ != nullptr; }
  // Its current wait, or its next, throws cancelled. On its shard; nothing if it has ended.
  void cancel() noexcept;

 private:
  friend class Shard;
  Fiber* fiber_ = nullptr;
};

// Stacks of one shard, last in first out: the warmest is used again.
class FiberPool {
 public:
  FiberPool(Shard& shard, std::size_t stack_bytes, std::size_t fibers_max) noexcept;
  ~FiberPool();  // none may be in use
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  // Throws resource_exhausted: fibers_max are in use, or the kernel gives no more mappings.
  [[nodiscard]] Fiber& take();
  void give_back(Fiber& fiber) noexcept;
  // Gives memory of stacks back that were not used since the last call, a bounded number per call.
  void shrink() noexcept;
  [[nodiscard]] std::size_t in_use() const noexcept { return made_ - idle_.size(); }
  [[nodiscard]] std::size_t idle() const noexcept { return idle_.size(); }
  [[nodiscard]] bool shrinkable() const noexcept { return idle_.size() > idle_kept; }
  static constexpr std::size_t idle_kept = 64;  // stacks that shrink() leaves mapped

 private:
  Fiber& make();
  void unmap(Fiber& fiber) noexcept;

  Shard& shard_;
  std::size_t stack_bytes_;
  std::size_t fibers_max_;
  std::size_t made_ = 0;
  std::size_t idle_least_ = 0;  // the fewest that lay idle since the last shrink()
  std::vector<Fiber*> idle_;
};

}  // namespace tutti::runtime
