// Randomness that comes back: each stream is a function of the seed and its name, so that a draw more in one part of a
// simulation does not shift the draws of another. Every draw goes into the world's hash: two runs whose hashes differ
// have parted, and where they did is found by comparing the hashes along the way.
#pragma once

#include <cstdint>
#include <string_view>

#include <tutti/random.hpp>

namespace tutti::world {

// The running hash of what a simulation drew and delivered.
class TraceHash {
 public:
  void add(std::uint64_t value) {
    value_ = (value_ ^ value) * 0x9e3779b97f4a7c15;
    value_ ^= value_ >> 31;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0x51a3d6b2c4f01e97;
};

// One thread only, as all of a simulation.
class SeededRandom final : public Random {
 public:
  SeededRandom(std::uint64_t seed, std::string_view stream, TraceHash& hash) : state_(seed), hash_(hash) {
    for (const char c : stream) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }

  // SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
  std::uint64_t next() override {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    hash_.add(z);
    return z;
  }

  // Draws only if there is a choice, so that a fault that is off leaves no trace.
  [[nodiscard]] bool chance(double probability) { return probability > 0 && unit() < probability; }

 private:
  std::uint64_t state_;
  TraceHash& hash_;
};

}  // namespace tutti::world
