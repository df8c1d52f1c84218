#include "engines/process/back_off.hpp"

#include <algorithm>
#include <utility>

namespace tutti::engines {

std::chrono::milliseconds BackOff::after(std::chrono::milliseconds lived, std::mt19937& random) {
  if (lived >= steady_after) pause_ = first;
  const auto pause = std::exchange(pause_, std::min(pause_ * 2, longest));
  return std::chrono::milliseconds(std::uniform_int_distribution<long long>(pause.count() / 2, pause.count())(random));
}

}  // namespace tutti::engines
