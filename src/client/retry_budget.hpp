// How many retries a target may get: a share of its calls, plus a few a second. When everything fails, retries stop
// instead of multiplying the load. A token bucket; a retry takes one token.
#pragma once

#include <algorithm>
#include <chrono>

#include <tutti/clock.hpp>

namespace tutti::client {

class RetryBudget {
 public:
  static constexpr double burst_seconds = 10;    // of the minimum that may be saved up
  static constexpr double share_kept_max = 100;  // tokens from calls that may be saved up

  RetryBudget(double share, double minimum_per_second, Instant now) noexcept
      : share_(share), per_second_(minimum_per_second), tokens_(minimum_per_second), at_(now) {}

  void called() noexcept { tokens_ = std::min(tokens_ + share_, tokens_max()); }
  [[nodiscard]] bool take(Instant now) noexcept {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    at_ = now;
    tokens_ = std::min(tokens_ + seconds * per_second_, tokens_max());
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  [[nodiscard]] double tokens_max() const noexcept { return per_second_ * burst_seconds + share_ * share_kept_max; }

  double share_;
  double per_second_;
  double tokens_;
  Instant at_;
};

}  // namespace tutti::client
