// An endpoint that answers, but with failures that the others do not have: a broken release, a full disk. It is left
// alone for a while ("ejected"), as its quick failures would draw more and more calls; then one call is let through as
// a probe. It is compared with the others, since what fails everywhere is no endpoint's fault, and only a share of them
// may be away. The breaker beside it is for those that do not answer at all.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <tutti/clock.hpp>

namespace tutti::client {

struct Endpoint;

struct EjectionRules {
  double failures = 0.5;       // share of failed calls at which an endpoint goes; 0: none ever does
  std::size_t calls_min = 10;  // of it and of the others together: fewer tell nothing
  double share_max = 0.5;      // of the endpoints that may be away; one may always be, the last never is
  std::chrono::nanoseconds interval = std::chrono::seconds(10);  // counted over the last one or two of these
  std::chrono::nanoseconds first = std::chrono::seconds(10);     // times how often it was ejected lately
  std::chrono::nanoseconds longest = std::chrono::minutes(5);
};

class Outlier {
 public:
  struct Count {
    std::size_t calls = 0, failures = 0;
    [[nodiscard]] double share() const noexcept {
      return calls == 0 ? 0 : static_cast<double>(failures) / static_cast<double>(calls);
    }
  };

  [[nodiscard]] bool ejected() const noexcept { return state_ != State::here; }
  [[nodiscard]] bool allows(Instant now) const noexcept {
    return state_ == State::here || (state_ == State::away && now >= until_);
  }
  // Of the calls that ended in the last one or two intervals.
  [[nodiscard]] Count count(const EjectionRules& rules, Instant now) const noexcept;

  // A call goes out.
  void begin() noexcept {
    if (state_ == State::away) state_ = State::probed;
  }
  // A call has ended. The probe decides between here and away for longer.
  void ended(bool failed, const EjectionRules& rules, Instant now) noexcept;
  // The caller gave up before anything was learnt.
  void abandoned() noexcept {
    if (state_ == State::probed) state_ = State::away;
  }
  void eject(const EjectionRules& rules, Instant now) noexcept;

 private:
  enum class State : std::uint8_t { here, away, probed };
  struct Slot {
    std::int64_t period = -1;
    Count count = {};
  };

  std::array<Slot, 2> slots_ = {};  // of the even and of the odd periods
  int ejections_ = 0;               // less one for each interval that it was here
  State state_ = State::here;
  Instant until_ = {};  // away; here: an ejection is forgotten
};

// Whether this endpoint, of which a call has just failed, shall be left alone.
[[nodiscard]] bool is_outlier(const Endpoint& suspect, const std::vector<std::shared_ptr<Endpoint>>& all,
                              const EjectionRules& rules, Instant now);

}  // namespace tutti::client
