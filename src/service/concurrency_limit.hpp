// How many requests a shard works on at once, found by itself. While work waits little for its thread there is no
// limit; once it waits too long and the thread is busy all the time, the limit comes down until the wait is short
// again, and what is over it is refused before anything is done for it: so those that are taken are answered in time.
// It goes by the wait for the thread and not by how long handlers take: a handler that waits for another service, a
// lock or an event costs this thread nothing, and refusing others would not help it. See docs/adr/0019-overload.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include <tutti/app.hpp>
#include <tutti/clock.hpp>

#include "runtime/shard.hpp"
#include "service/dispatcher.hpp"

namespace tutti::detail {

struct ConcurrencyFigures {
  double limit = 0;  // ConcurrencyLimit::none: there is none
  std::size_t in_flight = 0;
  std::uint64_t shed = 0;            // refused so far
  std::chrono::nanoseconds wait{0};  // mean, in the last window
};

class ConcurrencyLimit {
 public:
  static constexpr double none = 1'000'000;
  static constexpr double least = 16;  // so many may always be at work
  static constexpr std::chrono::nanoseconds window = std::chrono::milliseconds(100);

  // `wait_max`: of one piece of work for others, in the mean of a window; 0: never a limit. `began`, which may be null,
  // is told when requests are refused and none was for ten seconds.
  ConcurrencyLimit(runtime::Shard& shard, std::chrono::nanoseconds wait_max, std::function<void()> began);

  // False: the request is to be refused. True: it counts until leave().
  [[nodiscard]] bool enter(Priority priority) {
    // What has ended in this turn was there when the turn began: it counts with those that are at work.
    if (const std::uint64_t turn = shard_.turn_number(); turn != turn_) {
      turn_ = turn;
      ended_ = 0;
      if (shard_.now() >= window_ends_) adjust();
    }
    const std::size_t concurrent = in_flight_ + ended_;
    const bool surely = static_cast<double>(concurrent) < limit_ && priority != Priority::low;
    if (!surely && !has_room(priority, concurrent)) return false;
    ++in_flight_;
    if (concurrent >= peak_) peak_ = concurrent + 1;
    return true;
  }
  void leave() noexcept {
    --in_flight_;
    ++ended_;
  }
  [[nodiscard]] ConcurrencyFigures figures() const noexcept {
    return {.limit = limit_, .in_flight = in_flight_, .shed = shed_, .wait = wait_};
  }

 private:
  void adjust() noexcept;
  // Counts those for whom there is none.
  [[nodiscard]] bool has_room(Priority priority, std::size_t concurrent);

  runtime::Shard& shard_;
  const std::chrono::nanoseconds wait_max_;
  const std::function<void()> began_;
  double limit_ = none;
  std::size_t in_flight_ = 0;
  std::size_t ended_ = 0;  // in turn_
  std::size_t peak_ = 0;   // of the window
  std::uint64_t turn_ = 0;
  std::uint64_t shed_ = 0;
  Instant shed_last_ = {};
  Instant window_began_;
  Instant window_ends_;
  runtime::ShardLoad load_;  // when the window began
  std::chrono::nanoseconds wait_{0};
  bool was_overloaded_ = false;
};

// A request that was let in, or was not. One that may last as long as its client wants (a stream, a raw handler) is
// looked at when it comes, and holds no place of others afterwards.
enum class Stay : std::uint8_t { call, open_end };
class Admitted {
 public:
  Admitted(ConcurrencyLimit& limit, Priority priority, Stay stay = Stay::call)
      : limit_(limit), entered_(limit.enter(priority)), held_(entered_) {
    if (held_ && stay == Stay::open_end) release();
  }
  ~Admitted() {
    if (held_) release();
  }
  Admitted(const Admitted&) = delete;
  Admitted& operator=(const Admitted&) = delete;

  explicit operator bool() const noexcept { return entered_; }

 private:
  void release() noexcept {
    held_ = false;
    limit_.leave();
  }

  ConcurrencyLimit& limit_;
  bool entered_;
  bool held_;
};

// The answer to one that was not: `unavailable`, of the type by which a client knows that nothing was done.
[[nodiscard]] Failure overloaded(std::string_view name);

}  // namespace tutti::detail
