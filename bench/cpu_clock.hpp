// CPU time of this process: what else the machine does does not count, unlike by the clock on the wall.
#pragma once

#include <chrono>
#include <ctime>

namespace bench {

[[nodiscard]] inline std::chrono::nanoseconds cpu_time() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace bench
