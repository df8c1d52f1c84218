// A clock that stands still until it is moved, and randomness from a seed: all that observe takes from a world.
#pragma once

#include <chrono>
#include <cstdint>

#include <tutti/clock.hpp>
#include <tutti/random.hpp>

namespace tutti::observe::given {

class StandingClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    ++reads;
    return wall;
  }
  [[nodiscard]] Instant instant() const override { return {passed}; }
  void move(std::chrono::nanoseconds by) {
    wall = wall + by;
    passed += by;
  }

  Time wall{std::chrono::nanoseconds(1'786'000'000'123'456'789)};  // 2026-08-06T06:26:40.123456789Z
  std::chrono::nanoseconds passed{0};
  mutable int reads = 0;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed = 7) : state_(seed) {}
  [[nodiscard]] std::uint64_t next() override {
    ++draws;
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return state_ ^ (state_ >> 29);
  }
  int draws = 0;

 private:
  std::uint64_t state_;
};

}  // namespace tutti::observe::given
