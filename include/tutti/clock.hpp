// Time as services see it. Handlers never ask the machine: in a test the clock is virtual and jumps.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

#include <tutti/time.hpp>

namespace tutti {

// A point on a clock that never jumps; only differences mean something.
struct Instant {
  std::chrono::nanoseconds since_start{0};

  static constexpr Instant never() { return {std::chrono::nanoseconds::max()}; }
  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
  friend constexpr std::chrono::nanoseconds operator-(Instant a, Instant b) { return a.since_start - b.since_start; }
  // Saturates at never(): a deadline may be "never" and still be shifted.
  friend constexpr Instant operator+(Instant t, std::chrono::nanoseconds d) {
    if (t == never() || (d.count() > 0 && t.since_start > std::chrono::nanoseconds::max() - d)) return never();
    return {t.since_start + d};
  }
};

class Clock {
 public:
  virtual ~Clock() = default;
  // The wall clock: what messages and databases carry. It may jump.
  [[nodiscard]] virtual Time now() const = 0;
  // The monotonic clock: deadlines and durations.
  [[nodiscard]] virtual Instant instant() const = 0;
};

}  // namespace tutti
