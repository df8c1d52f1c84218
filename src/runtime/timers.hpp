// Timers of a shard: a heap with four children per node over an array, so that arming a deadline later than the others
// and cancelling it soon after, which is what nearly all deadlines do, touch one or two cache lines. Times are exact
// (a simulated clock jumps straight to the next one), equal times fire in the order in which they were armed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tutti/clock.hpp>

namespace tutti::runtime {

class Timers;

// Calls back once, on the loop, not before its time. The callback may arm it again, and may destroy it. Where a timer
// is made it stays; its destructor disarms it.
class Timer {
 public:
  using Callback = void (*)(void* argument) noexcept;
  Timer(Callback callback, void* argument) noexcept : callback_(callback), argument_(argument) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void arm(Timers& timers, Instant when);  // again: moves it. never(): disarms it
  void cancel() noexcept;
  [[nodiscard]] bool armed() const noexcept { return timers_ != nullptr; }
  [[nodiscard]] Instant when() const noexcept { return when_; }

 private:
  friend class Timers;
  Callback callback_;
  void* argument_;
  Timers* timers_ = nullptr;
  std::size_t place_ = 0;
  Instant when_ = Instant::never();
};

class Timers {
 public:
  Timers() = default;
  ~Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  [[nodiscard]] Instant next() const noexcept { return heap_.empty() ? Instant::never() : heap_.front().when; }
  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
  // Fires what is due; what a callback arms for `now` or earlier waits for the next call. Returns how many fired.
  std::size_t fire(Instant now);

 private:
  friend class Timer;
  struct Node {
    Instant when;
    std::uint64_t order;
    Timer* timer;
    bool before(const Node& other) const noexcept {
      return when < other.when || (when == other.when && order < other.order);
    }
  };
  void insert(Timer& timer, Instant when);
  void remove(std::size_t place) noexcept;
  void put(std::size_t place, const Node& node) noexcept;
  void rise(std::size_t place, Node node) noexcept;
  void sink(std::size_t place, Node node) noexcept;

  std::vector<Node> heap_;
  std::uint64_t armed_ever_ = 0;
};

}  // namespace tutti::runtime
