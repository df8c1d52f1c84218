// A shard is a thread with its own scheduler, network and fibers; shards share nothing. One turn of its loop: take what
// other threads posted, fire timers, continue ready fibers (a bounded number), then ask the network, waiting there
// until the next timer if nothing is ready. In a simulation several shards live in one thread and a driver calls
// turn().
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tutti/clock.hpp>
#include <tutti/detail/waiting.hpp>

#include "runtime/fiber.hpp"
#include "runtime/pulse.hpp"
#include "runtime/timers.hpp"
#include "world/world.hpp"

namespace tutti::runtime {

class OffloadPool;

struct ShardSettings {
  std::size_t stack_bytes = 256 * 1024;  // 64 KiB to 8 MiB, rounded up to pages
  std::size_t fibers_max = 30'000;       // vm.max_map_count's default allows about 32,000 in a process
  std::size_t ready_per_turn_max = 64;   // fibers continued before the network is asked again
  bool seeded_order = false;             // in a simulation: draw the order of ready fibers from the seed
  OffloadPool* offload = nullptr;        // shared by the process's shards; null: one of its own, made on first use
  // What escaped from a detached fiber; default: a line on stderr.
  std::function<void(std::string_view fiber, std::exception_ptr)> escaped = {};
};

struct ShardFigures {
  std::size_t fibers = 0;       // started and not ended
  std::size_t fibers_idle = 0;  // pooled stacks
  std::size_t fibers_ready = 0;
  std::size_t timers = 0;
  std::uint64_t turns = 0;
  std::uint64_t switches = 0;               // times a fiber was entered or continued
  std::chrono::nanoseconds lag{0};          // of the last turn: from what the network told until it is asked again
  std::chrono::nanoseconds lag_longest{0};  // since figures() was last called
};

// How much the shard has had to do so far; the difference of two looks tells of the time between them. Turns in which
// nothing ran do not count.
struct ShardLoad {
  std::chrono::nanoseconds busy{0};    // length of all turns, from what the network told until it was asked again
  std::chrono::nanoseconds waited{0};  // by all pieces of work together, for others that ran before them
  std::uint64_t pieces = 0;            // of work: fibers entered or continued
};

// A message from another thread: lives until it is run.
struct Posted {
  Posted* next = nullptr;
  void (*run)(Posted& self) = nullptr;
};

class Shard {
 public:
  Shard(world::World& world, const ShardSettings& settings);  // throws invalid_argument for settings out of range
  ~Shard();                                                   // cancels what still runs, and runs it to its end
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  void run();            // until stop(); what runs by then stays parked
  void stop() noexcept;  // from any thread
  // One turn without waiting; whether a fiber, a timer or a posted task ran. For drivers of several shards in one
  // thread.
  bool turn();
  [[nodiscard]] Instant next_timer() const noexcept { return timers_.next(); }
  [[nodiscard]] bool has_ready() const noexcept;  // a turn would run something at once

  // Runs the task on the shard's loop. From any thread.
  template <class F>
  void post(F task);
  void post_message(Posted& message) noexcept;

  // Starts a detached fiber within this turn or the next. On the shard's thread. Throws resource_exhausted.
  template <class F>
  void spawn(const FiberRules& rules, F&& f) {
    std::decay_t<F> task(std::forward<F>(f));
    spawn(rules, detail::task_type<std::decay_t<F>>, &task);
  }
  void spawn(const FiberRules& rules, const detail::TaskType& type, void* task);
  // Enters a new fiber at once and returns when it ends or first waits. From the loop (a watcher, a timer, a posted
  // task); on a fiber it is started as by spawn. Allocates nothing once a stack is pooled.
  void enter(const FiberRules& rules, void (*run)(void* argument), void* argument);

  [[nodiscard]] static Shard& current();  // asserts
  [[nodiscard]] static Shard* current_or_null() noexcept;
  [[nodiscard]] Fiber* current_fiber() noexcept { return running_; }
  [[nodiscard]] world::Network& network() noexcept { return *network_; }
  [[nodiscard]] world::World& world() noexcept { return world_; }
  [[nodiscard]] Timers& timers() noexcept { return timers_; }
  [[nodiscard]] OffloadPool& offload();
  [[nodiscard]] Instant now() noexcept { return now_valid_ ? now_ : read_clock(); }  // read once per turn
  Instant read_clock() noexcept;                                                     // exact
  [[nodiscard]] std::size_t fibers() const noexcept { return pool_.in_use(); }
  [[nodiscard]] ShardFigures figures() noexcept;
  [[nodiscard]] const Pulse& pulse() const noexcept { return pulse_; }  // for a watch in another thread
  [[nodiscard]] const ShardLoad& load() const noexcept { return load_; }  // up to the last whole turn
  // Of the turn that runs; what the network tells at once belongs to one.
  [[nodiscard]] std::uint64_t turn_number() const noexcept { return figures_.turns; }

  // For the waits of this folder, called on the running fiber. park: true, unparked; false, `until` has passed; throws
  // what is pending. for_what ends "the deadline passed while waiting for".
  enum class Interruption : std::uint8_t { allowed, none };
  bool park(Instant until, Interruption interruption, const char* for_what);
  Fiber::Wake park_unchecked(Instant until, Interruption interruption);  // throws nothing that is pending
  void yield();                                                          // lets the other ready fibers run first
  void wake(Fiber& fiber, Fiber::Wake why) noexcept;                     // a parked fiber
  void cancel(Fiber& fiber) noexcept;
  void throw_pending(Fiber& fiber, const char* for_what);
  void spawn_child(detail::Family& family, const detail::TaskType& type, void* task);
  void spawn_child(detail::Family& family, void (*run)(void*), void* argument);
  [[noreturn]] void fiber_main(void* loop_machine) noexcept;  // the first function on a stack
  void run_until_ended(const detail::Family& family);         // off fibers, outside of turns

 private:
  friend class CurrentShard;
  friend class FiberName;
  Fiber& prepare(const FiberRules& rules);
  void make_ready(Fiber& fiber) noexcept;
  Fiber& take_ready() noexcept;
  void resume(Fiber& fiber) noexcept;
  void suspend(Fiber& fiber) noexcept;
  void run_fiber(Fiber& fiber) noexcept;
  void finish(Fiber& fiber) noexcept;
  bool run_posted();
  bool turn_until(Instant until);
  void end_turn() noexcept;
  void adopt(Fiber& fiber, detail::Family& family) noexcept;

  world::World& world_;
  ShardSettings settings_;
  std::unique_ptr<world::Network> network_;
  Timers timers_;
  FiberPool pool_;
  std::unique_ptr<OffloadPool> own_offload_;
  Fiber* running_ = nullptr;
  Pulse pulse_;
  Fiber* ready_first_ = nullptr;
  Fiber* ready_last_ = nullptr;
  std::size_t ready_ = 0;
  Fiber* alive_ = nullptr;  // detached ones, by sibling links
  void* loop_machine_ = nullptr;
  void* eh_globals_ = nullptr;
  void* loop_sanitizer_fiber_ = nullptr;
  const void* loop_stack_ = nullptr;
  std::size_t loop_stack_bytes_ = 0;
  Instant now_;
  bool now_valid_ = false;
  Instant turn_began_ = Instant::never();  // the first reading of the clock after the network was asked
  std::uint64_t turn_switches_ = 0;        // figures_.switches, when it was
  Instant next_shrink_;
  ShardFigures figures_;
  ShardLoad load_;
  bool in_turn_ = false;
  bool ending_ = false;  // being destroyed: every wait throws cancelled
  std::atomic<bool> stopping_{false};
  std::atomic<bool> posted_any_{false};
  std::condition_variable posted_changed_;
  std::mutex posted_mutex_;
  Posted* posted_first_ = nullptr;
  Posted* posted_last_ = nullptr;
};

// Makes a shard current on this thread outside of its turns, while a program is being set up.
class CurrentShard {
 public:
  explicit CurrentShard(Shard& shard) noexcept;
  ~CurrentShard();
  CurrentShard(const CurrentShard&) = delete;
  CurrentShard& operator=(const CurrentShard&) = delete;

 private:
  Shard* outer_;
};

// Of the calling fiber; outside of fibers of the calling thread.
[[nodiscard]] Locals& locals() noexcept;
[[nodiscard]] inline Instant deadline() noexcept { return locals().deadline; }
inline void set_deadline(Instant when) noexcept { locals().deadline = when; }
[[nodiscard]] inline const void* context() noexcept { return locals().context; }
inline void set_context(const void* context) noexcept { locals().context = context; }
// Set: why the calling fiber (outside of fibers: thread) may not wait, as NoWaitScope's `why`.
[[nodiscard]] const char*& no_wait_reason() noexcept;
[[nodiscard]] std::string_view fiber_name() noexcept;  // empty outside of fibers
[[nodiscard]] bool on_fiber() noexcept;

// While it lives the calling fiber has this name, in a debugger's list and in what is said of an overflown stack;
// nothing outside of fibers. The name outlives it.
class FiberName {
 public:
  explicit FiberName(std::string_view name) noexcept;
  ~FiberName();
  FiberName(const FiberName&) = delete;
  FiberName& operator=(const FiberName&) = delete;

 private:
  Fiber* fiber_;
  std::string_view before_;
};

// While it lives every wait of this fiber but Worker::run throws failed_precondition: "a transaction may not wait for a
// call; ...". `why` is the subject of that sentence and outlives it: "a transaction".
class NoWaitScope {
 public:
  explicit NoWaitScope(const char* why) noexcept;
  ~NoWaitScope();
  NoWaitScope(const NoWaitScope&) = delete;
  NoWaitScope& operator=(const NoWaitScope&) = delete;

 private:
  const char* outer_;
};

template <class F>
void Shard::post(F task) {
  struct Holder final : Posted {
    explicit Holder(F&& f) : task(std::move(f)) {}
    F task;
  };
  auto holder = std::make_unique<Holder>(std::move(task));
  holder->run = [](Posted& self) {
    const std::unique_ptr<Holder> owned(static_cast<Holder*>(&self));
    owned->task();
  };
  post_message(*holder.release());
}

}  // namespace tutti::runtime
