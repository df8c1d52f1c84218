// What the templates of wait.hpp need to see of the runtime: a list of waiting fibers, a task whose type is
// forgotten, a family of child fibers. Everything behind them is compiled once, in src/runtime.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace tutti::runtime {
struct Fiber;
}

namespace tutti::detail {

// Fibers of one shard that wait for something, first come first served. A waiter lives on its fiber's stack.
struct Waiter;
class WaitList {
 public:
  WaitList() = default;
  ~WaitList();  // nobody may wait any longer
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  // Waits until granted (true) or closed (false). `for_what` ends the sentence "the deadline passed while waiting for".
  bool wait(const char* for_what);
  void wait_uninterrupted() noexcept;  // no deadline, no cancellation: for destructors that must not leave early
  bool grant_first() noexcept;         // false: nobody waits
  void close_all() noexcept;

 private:
  void append(Waiter& waiter) noexcept;
  void remove(Waiter& waiter) noexcept;

  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

// Throws what is pending on the calling fiber (cancellation, deadline), and failed_precondition where no wait is
// allowed (inside a transaction, inside offload, outside of fibers). Each operation that may wait begins with it, so
// that whether it throws does not hang on whether it would have had to wait.
void check_may_wait(const char* for_what);

struct TaskType {
  std::size_t size;
  std::size_t alignment;
  void (*move)(void* from, void* to);
  void (*run)(void* task);
  void (*destroy)(void* task) noexcept;
};

template <class F>
inline constexpr TaskType task_type{
    sizeof(F), alignof(F), [](void* from, void* to) { ::new (to) F(std::move(*static_cast<F*>(from))); },
    [](void* task) { (void)(*static_cast<F*>(task))(); }, [](void* task) noexcept { static_cast<F*>(task)->~F(); }};

// Fibers whose end somebody awaits. Cancelling reaches all that still run.
struct Family {
  runtime::Fiber* first = nullptr;
  std::size_t running = 0;
  std::exception_ptr error;  // the first that escaped from a member; the others were then cancelled
  WaitList waiting;

  void spawn(const TaskType& type, void* task);  // moves the task; the child inherits deadline and context
  void spawn(void (*run)(void*), void* argument);
  void cancel() noexcept;
  void wait();  // until nobody runs
  void wait_uninterrupted() noexcept;
};

// The value of a call that runs elsewhere; void becomes std::monostate.
template <class F>
struct Call {
  using Result = std::invoke_result_t<F&>;
  using Value = std::conditional_t<std::is_void_v<Result>, std::monostate, std::decay_t<Result>>;

  explicit Call(F& function) : f(function) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  F& f;
  std::optional<Value> value;

  void operator()() {
    if constexpr (std::is_void_v<Result>) {
      f();
      value.emplace();
    } else {
      value.emplace(f());
    }
  }
  static void run(void* self) { (*static_cast<Call*>(self))(); }
  Result take() {
    if constexpr (!std::is_void_v<Result>) return static_cast<Result>(std::move(*value));
  }
};

// One argument of all() or race().
struct Branch {
  void (*run)(void* call);
  void* call;
  std::exception_ptr error = {};
};
void run_all(Branch* branches, std::size_t count);
[[nodiscard]] std::size_t run_race(Branch* branches, std::size_t count);  // which one finished first

void run_offloaded(void (*run)(void* call), void* call);

// Sets deadline and cancellation of the calling fiber aside, for its own lifetime.
class Shielded {
 public:
  explicit Shielded(std::chrono::nanoseconds own_deadline);
  ~Shielded();
  Shielded(const Shielded&) = delete;
  Shielded& operator=(const Shielded&) = delete;

 private:
  std::chrono::nanoseconds outer_;
};

class Limited {
 public:
  explicit Limited(std::chrono::nanoseconds from_now);
  ~Limited();
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;

 private:
  std::chrono::nanoseconds outer_;
};

}  // namespace tutti::detail
