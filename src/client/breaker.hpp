// A circuit breaker: after so many failures in a row an endpoint is left alone for a while; then one call is let
// through as a probe, and its end decides between closed and open for twice as long.
#pragma once

#include <algorithm>
#include <chrono>

#include <tutti/clock.hpp>

namespace tutti::client {

struct BreakerRules {
  int failures = 5;  // in a row
  std::chrono::nanoseconds first = std::chrono::seconds(1);
  std::chrono::nanoseconds longest = std::chrono::seconds(30);
};

class Breaker {
 public:
  [[nodiscard]] bool open() const noexcept { return open_; }
  [[nodiscard]] bool allows(Instant now) const noexcept { return !open_ || (now >= until_ && !probing_); }
  [[nodiscard]] Instant until() const noexcept { return until_; }

  // A call goes out; only if allows().
  void begin() noexcept { probing_ = open_; }
  void succeeded() noexcept { *this = {}; }
  void failed(const BreakerRules& rules, Instant now) noexcept {
    ++failures_;
    // Calls that left before it opened tell nothing new.
    if (open_ && !probing_) return;
    if (!open_ && failures_ < rules.failures) return;
    pause_ = open_ ? std::min(pause_ * 2, rules.longest) : rules.first;
    open_ = true;
    probing_ = false;
    until_ = now + pause_;
  }
  // The caller gave up before anything was learnt.
  void abandoned() noexcept { probing_ = false; }

 private:
  int failures_ = 0;
  bool open_ = false;
  bool probing_ = false;
  std::chrono::nanoseconds pause_{0};
  Instant until_ = {};
};

}  // namespace tutti::client
