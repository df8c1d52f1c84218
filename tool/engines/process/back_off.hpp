// How long to wait before what died is started again: each time twice as long, up to a limit, with jitter so that
// services that died together do not come back together; a life that was long enough begins it anew.
#pragma once

#include <chrono>
#include <random>

namespace tutti::engines {

class BackOff {
 public:
  static constexpr std::chrono::milliseconds first{200};
  static constexpr std::chrono::milliseconds longest{30'000};
  static constexpr std::chrono::milliseconds steady_after{10'000};

  // Between half of the pause and all of it.
  [[nodiscard]] std::chrono::milliseconds after(std::chrono::milliseconds lived, std::mt19937& random);

 private:
  std::chrono::milliseconds pause_ = first;
};

}  // namespace tutti::engines
