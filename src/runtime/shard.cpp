#include "runtime/shard.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <cxxabi.h>
#include <unistd.h>
#include <boost/context/detail/fcontext.hpp>

#include <tutti/error.hpp>

#include "runtime/assertion.hpp"
#include "runtime/offload_pool.hpp"
#include "runtime/sanitizers.hpp"
#include "runtime/stack_overflow.hpp"

namespace tutti::runtime {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, condition);
  std::abort();
}

namespace {

using boost::context::detail::jump_fcontext;

constexpr Instant only_look{std::chrono::nanoseconds{-1}};
constexpr std::chrono::seconds shrink_period{1};
constexpr std::size_t seeded_choice = 8;          // of so many ready fibers one is drawn
constexpr std::size_t last_switches = 1'000'000;  // given to fibers that ignore that their shard ends

constexpr std::size_t stack_bytes_min = 64 * 1024;
constexpr std::size_t stack_bytes_max = 8 * 1024 * 1024;

// What the C++ runtime keeps per thread: the exceptions being handled and the number of those in flight.
struct ExceptionWords {
  void* caught;
  unsigned int uncaught;
};

thread_local Shard* current_shard = nullptr;
thread_local Locals thread_locals;
thread_local const char* thread_no_wait_reason = nullptr;

// Fibers need one per thread; kept until the thread ends.
void provide_signal_stack() { thread_local const SignalStack stack; }

void report_on_stderr(std::string_view fiber, const std::exception_ptr& error) {
  std::string what = "something that is no std::exception";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {  // NOLINT: what it is cannot be said
  }
  std::fprintf(stderr, "an exception escaped from the fiber of %.*s: %s\n", static_cast<int>(fiber.size()),
               fiber.data(), what.c_str());
}

bool is_cancelled(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& failure) {
    return failure.code() == Code::cancelled;
  } catch (...) {
    return false;
  }
}

const ShardSettings& checked(const ShardSettings& settings) {
  if (settings.stack_bytes < stack_bytes_min || settings.stack_bytes > stack_bytes_max) {
    throw Error(Code::invalid_argument, "tutti.stack_bytes is " + std::to_string(settings.stack_bytes) +
                                            "; expected 65536 (64 KiB) to 8388608 (8 MiB)");
  }
  if (settings.ready_per_turn_max == 0 || settings.fibers_max == 0) {
    throw Error(Code::invalid_argument, "runtime.ready_per_turn_max and runtime.fibers_max must be at least 1");
  }
  return settings;
}

}  // namespace

Shard::Shard(world::World& world, const ShardSettings& settings)
    : world_(world),
      settings_(checked(settings)),
      network_(world.make_network()),
      pool_(*this, settings.stack_bytes, settings.fibers_max),
      eh_globals_(abi::__cxa_get_globals()) {
  if (!settings_.escaped) settings_.escaped = report_on_stderr;
  install_stack_overflow_handler();
  provide_signal_stack();
}

Shard::~Shard() {
  TUTTI_ASSERT(!in_turn_ && running_ == nullptr);
  ending_ = true;
  const CurrentShard here(*this);
  const std::uint64_t limit = figures_.switches + last_switches;
  for (;;) {
    run_posted();
    for (Fiber* fiber = alive_; fiber != nullptr; fiber = fiber->sibling_next) cancel(*fiber);
    while (ready_ > 0 && figures_.switches < limit) resume(take_ready());
    if (pool_.in_use() == 0) break;
    // What is left waits for a thread of a pool or of a database, which will post. Anything else would wait for ever.
    TUTTI_ASSERT(figures_.switches < limit);
    TUTTI_ASSERT(!world_.simulated());
    std::unique_lock lock(posted_mutex_);
    posted_changed_.wait(lock, [this] { return posted_first_ != nullptr; });
  }
  run_posted();  // whoever posts until now still finds a shard; afterwards nobody may
  own_offload_.reset();
}

void Shard::run() {
  provide_signal_stack();
  pulse_.on_thread(::gettid());
  while (!stopping_.load(std::memory_order_acquire)) turn_until(Instant::never());
  stopping_.store(false, std::memory_order_relaxed);
}

void Shard::stop() noexcept {
  stopping_.store(true, std::memory_order_release);
  network_->wake();
}

bool Shard::turn() {
  now_valid_ = false;  // a driver may have moved the clock since the last turn
  if (figures_.switches == turn_switches_) turn_began_ = Instant::never();
  return turn_until(only_look);
}

bool Shard::has_ready() const noexcept { return ready_ > 0 || posted_any_.load(std::memory_order_acquire); }

bool Shard::turn_until(Instant until) {
  TUTTI_ASSERT(!in_turn_);
  const CurrentShard here(*this);
  in_turn_ = true;
  struct End {
    bool& in_turn;
    ~End() { in_turn = false; }
  };
  const End end{in_turn_};  // a simulated network throws when it would wait for ever
  eh_globals_ = abi::__cxa_get_globals();
  const std::uint64_t switches_before = figures_.switches;

  const Instant start = now();
  bool busy = run_posted();
  busy = timers_.fire(now()) > 0 || busy;
  for (std::size_t left = settings_.ready_per_turn_max; left > 0 && ready_ > 0; --left) resume(take_ready());
  busy = busy || figures_.switches != switches_before;
  if (start >= next_shrink_) {
    pool_.shrink();
    next_shrink_ = start + shrink_period;
  }
  if (busy) (void)read_clock();
  end_turn();

  if (timers_.next() < until) until = timers_.next();
  if (pool_.shrinkable() && !world_.simulated() && next_shrink_ < until) until = next_shrink_;
  if (has_ready() || stopping_.load(std::memory_order_acquire)) until = only_look;
  now_valid_ = false;
  network_->poll(until);
  return busy || figures_.switches != switches_before || has_ready();
}

// What ran while the network told what is ready has read the clock when it ended: its time needs no further look.
void Shard::end_turn() noexcept {
  const std::uint64_t pieces = figures_.switches - turn_switches_;
  turn_switches_ = figures_.switches;
  figures_.lag = std::max(now_ - turn_began_, std::chrono::nanoseconds{0});
  figures_.lag_longest = std::max(figures_.lag_longest, figures_.lag);
  ++figures_.turns;
  turn_began_ = Instant::never();
  if (pieces == 0) return;
  // All were there when the turn began. On average one waits for half of the others; what is left over for all of them.
  load_.busy += figures_.lag;
  load_.waited +=
      figures_.lag * static_cast<std::int64_t>(pieces - 1) / 2 + figures_.lag * static_cast<std::int64_t>(ready_);
  load_.pieces += pieces;
}

bool Shard::run_posted() {
  if (!posted_any_.load(std::memory_order_acquire)) return false;
  Posted* message = nullptr;
  {
    const std::lock_guard lock(posted_mutex_);
    message = std::exchange(posted_first_, nullptr);
    posted_last_ = nullptr;
    posted_any_.store(false, std::memory_order_relaxed);
  }
  while (message != nullptr) {
    Posted& current = *message;
    message = message->next;  // running it may end its life
    current.run(current);
  }
  return true;
}

void Shard::post_message(Posted& message) noexcept {
  message.next = nullptr;
  // All of it under the lock: once the loop has taken the message, shard and message may end at any time.
  const std::lock_guard lock(posted_mutex_);
  if (posted_last_ != nullptr) {
    posted_last_->next = &message;
    posted_last_ = &message;
    return;
  }
  posted_first_ = posted_last_ = &message;
  posted_any_.store(true, std::memory_order_release);
  posted_changed_.notify_one();
  network_->wake();
}

Fiber& Shard::prepare(const FiberRules& rules) {
  if (ending_) throw Error(Code::unavailable, "the shard is ending; it starts nothing any more");
  Fiber& fiber = pool_.take();
  fiber.name = rules.name;
  fiber.locals = {rules.deadline, rules.context};
  fiber.cancelled = false;
  fiber.task = nullptr;
  fiber.handle = rules.handle;
  if (rules.handle != nullptr) {
    TUTTI_ASSERT(rules.handle->fiber_ == nullptr);
    rules.handle->fiber_ = &fiber;
  }
  return fiber;
}

namespace {

void link(Fiber*& first, Fiber& fiber) noexcept {
  fiber.sibling_previous = nullptr;
  fiber.sibling_next = first;
  if (first != nullptr) first->sibling_previous = &fiber;
  first = &fiber;
}

void unlink(Fiber*& first, Fiber& fiber) noexcept {
  (fiber.sibling_previous != nullptr ? fiber.sibling_previous->sibling_next : first) = fiber.sibling_next;
  if (fiber.sibling_next != nullptr) fiber.sibling_next->sibling_previous = fiber.sibling_previous;
}

void take_task(Fiber& fiber, const detail::TaskType& type, void* task) {
  fiber.task_on_heap = type.size > Fiber::task_bytes || type.alignment > alignof(std::max_align_t);
  void* place = fiber.room;
  if (fiber.task_on_heap) place = ::operator new (type.size, std::align_val_t{type.alignment});
  try {
    type.move(task, place);
  } catch (...) {
    if (fiber.task_on_heap) ::operator delete (place, std::align_val_t{type.alignment});
    throw;
  }
  fiber.task = &type;
  fiber.argument = place;
}

void drop_task(Fiber& fiber) noexcept {
  if (fiber.task == nullptr) return;
  const detail::TaskType& type = *std::exchange(fiber.task, nullptr);
  type.destroy(fiber.argument);
  if (fiber.task_on_heap) ::operator delete (fiber.argument, std::align_val_t{type.alignment});
}

}  // namespace

void Shard::spawn(const FiberRules& rules, const detail::TaskType& type, void* task) {
  Fiber& fiber = prepare(rules);
  try {
    take_task(fiber, type, task);
  } catch (...) {
    if (fiber.handle != nullptr) fiber.handle->fiber_ = nullptr;
    pool_.give_back(fiber);
    throw;
  }
  link(alive_, fiber);
  make_ready(fiber);
}

void Shard::enter(const FiberRules& rules, void (*run)(void* argument), void* argument) {
  Fiber& fiber = prepare(rules);
  fiber.run = run;
  fiber.argument = argument;
  link(alive_, fiber);
  if (running_ != nullptr) {
    make_ready(fiber);
  } else {
    TUTTI_ASSERT(current_shard == this);
    resume(fiber);
  }
}

namespace {

FiberRules rules_of_child(const Fiber* parent) {
  if (parent == nullptr) return {.name = "a scope"};
  return {.name = parent->name, .deadline = parent->locals.deadline, .context = parent->locals.context};
}

}  // namespace

void Shard::adopt(Fiber& fiber, detail::Family& family) noexcept {
  fiber.family = &family;
  link(family.first, fiber);
  ++family.running;
  make_ready(fiber);
}

void Shard::spawn_child(detail::Family& family, const detail::TaskType& type, void* task) {
  Fiber& fiber = prepare(rules_of_child(running_));
  try {
    take_task(fiber, type, task);
  } catch (...) {
    pool_.give_back(fiber);
    throw;
  }
  adopt(fiber, family);
}

void Shard::spawn_child(detail::Family& family, void (*run)(void*), void* argument) {
  Fiber& fiber = prepare(rules_of_child(running_));
  fiber.run = run;
  fiber.argument = argument;
  adopt(fiber, family);
}

void Shard::make_ready(Fiber& fiber) noexcept {
  fiber.state = Fiber::State::ready;
  fiber.next = nullptr;
  (ready_last_ != nullptr ? ready_last_->next : ready_first_) = &fiber;
  ready_last_ = &fiber;
  ++ready_;
}

Fiber& Shard::take_ready() noexcept {
  Fiber* before = nullptr;
  Fiber* fiber = ready_first_;
  if (settings_.seeded_order && ready_ > 1) {
    for (std::uint64_t skip = world_.random().below(ready_ < seeded_choice ? ready_ : seeded_choice); skip > 0;
         --skip) {
      before = fiber;
      fiber = fiber->next;
    }
  }
  (before != nullptr ? before->next : ready_first_) = fiber->next;
  if (fiber == ready_last_) ready_last_ = before;
  --ready_;
  return *fiber;
}

void Shard::resume(Fiber& fiber) noexcept {
  auto& words = *static_cast<ExceptionWords*>(eh_globals_);
  const ExceptionWords of_loop = words;
  words = {fiber.exceptions_caught, fiber.exceptions_uncaught};
  running_ = &fiber;
  pulse_.enter(fiber.name);
  fiber.state = Fiber::State::running;
  ++figures_.switches;
  loop_sanitizer_fiber_ = sanitizers::this_fiber();
  void* fake_stack = nullptr;
  sanitizers::leaving(&fake_stack, fiber.stack_bottom(), fiber.stack_bytes(), fiber.sanitizer_fiber);
  fiber.machine = jump_fcontext(fiber.machine, &fiber).fctx;
  sanitizers::arrived(fake_stack, nullptr, nullptr);
  pulse_.leave();
  running_ = nullptr;
  fiber.exceptions_caught = words.caught;
  fiber.exceptions_uncaught = words.uncaught;
  words = of_loop;
}

void Shard::suspend(Fiber& fiber) noexcept {
  sanitizers::leaving(&fiber.fake_stack, loop_stack_, loop_stack_bytes_, loop_sanitizer_fiber_);
  loop_machine_ = jump_fcontext(loop_machine_, nullptr).fctx;
  sanitizers::arrived(fiber.fake_stack, &loop_stack_, &loop_stack_bytes_);
}

TUTTI_NO_ASAN void Shard::fiber_main(void* loop_machine) noexcept {
  for (;;) {
    loop_machine_ = loop_machine;
    sanitizers::arrived(nullptr, &loop_stack_, &loop_stack_bytes_);
    run_fiber(*running_);
    finish(*running_);
    sanitizers::leaving(nullptr, loop_stack_, loop_stack_bytes_, loop_sanitizer_fiber_);
    loop_machine = jump_fcontext(loop_machine_, nullptr).fctx;
  }
}

void Shard::run_fiber(Fiber& fiber) noexcept {
  std::exception_ptr escaped;
  try {
    (fiber.task != nullptr ? fiber.task->run : fiber.run)(fiber.argument);
  } catch (...) {
    escaped = std::current_exception();
  }
  drop_task(fiber);
  if (escaped == nullptr) return;
  const bool as_told = (fiber.cancelled || ending_) && is_cancelled(escaped);
  if (fiber.family != nullptr) {
    if (fiber.family->error == nullptr && !as_told) {
      fiber.family->error = std::move(escaped);
      fiber.family->cancel();
    }
  } else if (!as_told) {
    settings_.escaped(fiber.name, std::move(escaped));
  }
}

void Shard::finish(Fiber& fiber) noexcept {
  if (fiber.handle != nullptr) std::exchange(fiber.handle, nullptr)->fiber_ = nullptr;
  if (fiber.family != nullptr) {
    detail::Family& family = *std::exchange(fiber.family, nullptr);
    unlink(family.first, fiber);
    if (--family.running == 0) {
      while (family.waiting.grant_first()) {
      }
    }
  } else {
    unlink(alive_, fiber);
  }
  fiber.state = Fiber::State::idle;
  pool_.give_back(fiber);
}

Fiber::Wake Shard::park_unchecked(Instant until, Interruption interruption) {
  Fiber& fiber = *running_;
  fiber.interruptible = interruption == Interruption::allowed;
  if (fiber.interruptible && ending_) return Fiber::Wake::interrupted;
  fiber.wait_until = until;
  Instant when = until;
  if (fiber.interruptible && fiber.locals.deadline < when) when = fiber.locals.deadline;
  fiber.timer.arm(timers_, when);
  fiber.state = Fiber::State::parked;
  suspend(fiber);
  return fiber.wake;
}

bool Shard::park(Instant until, Interruption interruption, const char* for_what) {
  Fiber& fiber = *running_;
  if (interruption == Interruption::allowed) throw_pending(fiber, for_what);
  const Fiber::Wake why = park_unchecked(until, interruption);
  if (why == Fiber::Wake::interrupted) throw_pending(fiber, for_what);
  return why == Fiber::Wake::unparked;
}

void Shard::yield() {
  Fiber& fiber = *running_;
  make_ready(fiber);
  suspend(fiber);
}

void Shard::wake(Fiber& fiber, Fiber::Wake why) noexcept {
  if (fiber.state != Fiber::State::parked) return;
  TUTTI_ASSERT(fiber.shard == this);
  fiber.timer.cancel();
  fiber.wake = why;
  make_ready(fiber);
}

void Shard::cancel(Fiber& fiber) noexcept {
  fiber.cancelled = true;
  if (fiber.state == Fiber::State::parked && fiber.interruptible && (fiber.shields == 0 || ending_)) {
    wake(fiber, Fiber::Wake::interrupted);
  }
}

void Shard::throw_pending(Fiber& fiber, const char* for_what) {
  // The deadline first: at that moment a parent's deadline cancels children that have the same one.
  if (fiber.locals.deadline != Instant::never() && fiber.locals.deadline <= now()) {
    throw Error(Code::deadline_exceeded, std::string("the deadline passed while waiting for ") + for_what);
  }
  if ((fiber.cancelled && fiber.shields == 0) || ending_) {
    throw Error(Code::cancelled, std::string("cancelled while waiting for ") + for_what);
  }
}

void Shard::run_until_ended(const detail::Family& family) {
  TUTTI_ASSERT(running_ == nullptr);
  while (family.running > 0) {
    const bool busy = turn_until(only_look);
    if (!busy && family.running > 0) turn_until(Instant::never());
  }
}

Shard& Shard::current() {
  TUTTI_ASSERT(current_shard != nullptr);
  return *current_shard;
}

Shard* Shard::current_or_null() noexcept { return current_shard; }

OffloadPool& Shard::offload() {
  if (settings_.offload == nullptr) {
    own_offload_ = std::make_unique<OffloadPool>(world_, OffloadSettings{});
    settings_.offload = own_offload_.get();
  }
  return *settings_.offload;
}

Instant Shard::read_clock() noexcept {
  now_ = world_.clock().instant();
  now_valid_ = true;
  if (turn_began_ == Instant::never()) turn_began_ = now_;
  return now_;
}

ShardFigures Shard::figures() noexcept {
  ShardFigures figures = figures_;
  figures.fibers = pool_.in_use();
  figures.fibers_idle = pool_.idle();
  figures.fibers_ready = ready_;
  figures.timers = timers_.size();
  figures_.lag_longest = std::chrono::nanoseconds{0};
  return figures;
}

CurrentShard::CurrentShard(Shard& shard) noexcept : outer_(std::exchange(current_shard, &shard)) {}
CurrentShard::~CurrentShard() { current_shard = outer_; }

namespace {

Fiber* running_fiber() noexcept { return current_shard == nullptr ? nullptr : current_shard->current_fiber(); }

}  // namespace

Locals& locals() noexcept {
  Fiber* fiber = running_fiber();
  return fiber != nullptr ? fiber->locals : thread_locals;
}

const char*& no_wait_reason() noexcept {
  Fiber* fiber = running_fiber();
  return fiber != nullptr ? fiber->no_wait_reason : thread_no_wait_reason;
}

std::string_view fiber_name() noexcept {
  const Fiber* fiber = running_fiber();
  return fiber != nullptr ? fiber->name : std::string_view{};
}

FiberName::FiberName(std::string_view name) noexcept : fiber_(running_fiber()) {
  if (fiber_ == nullptr) return;
  before_ = std::exchange(fiber_->name, name);
  fiber_->shard->pulse_.rename(name);
}
FiberName::~FiberName() {
  if (fiber_ == nullptr) return;
  fiber_->name = before_;
  fiber_->shard->pulse_.rename(before_);
}

bool on_fiber() noexcept { return running_fiber() != nullptr; }

NoWaitScope::NoWaitScope(const char* why) noexcept : outer_(std::exchange(no_wait_reason(), why)) {}
NoWaitScope::~NoWaitScope() { no_wait_reason() = outer_; }

}  // namespace tutti::runtime
