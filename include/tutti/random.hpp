// Randomness as services see it. In a test every draw comes from the test's seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace tutti {

class Random {
 public:
  virtual ~Random() = default;
  // 64 uniform bits, unpredictable in production (keys, tokens and ids may come from them).
  [[nodiscard]] virtual std::uint64_t next() = 0;

  void fill(std::span<std::byte> out);
  // Uniform in [0, bound); bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1).
  [[nodiscard]] double unit();
  // A UUID version 7 needs a clock; this is 128 random bits as 26 characters of Crockford's base 32, lower case.
  [[nodiscard]] std::string id();
};

}  // namespace tutti
