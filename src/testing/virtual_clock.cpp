// The program's own clock_gettime, time and gettimeofday: the dynamic linker finds them before the C library's, also
// for libstdc++. They only look at the world when a fiber of a simulated one is running.
#include "testing/virtual_clock.hpp"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <chrono>

#include "runtime/shard.hpp"
#include "world/world.hpp"

namespace tutti::testing {
namespace {

world::World* virtual_world() noexcept {
  runtime::Shard* const shard = runtime::Shard::current_or_null();
  if (shard == nullptr || shard->current_fiber() == nullptr || !shard->world().simulated()) return nullptr;
  return &shard->world();
}

void split(std::chrono::nanoseconds since, timespec* to) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  to->tv_sec = static_cast<time_t>(seconds.count());
  to->tv_nsec = static_cast<long>((since - seconds).count());
}

}  // namespace

void answer_with_virtual_time() noexcept {}

}  // namespace tutti::testing

extern "C" {

int clock_gettime(clockid_t id, timespec* to) noexcept {
  const bool wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
  const bool monotonic =
      id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_MONOTONIC_RAW || id == CLOCK_BOOTTIME;
  if (wall || monotonic) {
    if (tutti::world::World* const world = tutti::testing::virtual_world()) {
      tutti::testing::split(wall ? world->clock().now().since_epoch : world->clock().instant().since_start, to);
      return 0;
    }
  }
  return static_cast<int>(::syscall(SYS_clock_gettime, id, to));
}

time_t time(time_t* to) noexcept {
  timespec now{};
  (void)clock_gettime(CLOCK_REALTIME, &now);
  if (to != nullptr) *to = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(timeval* __restrict to, void* __restrict) noexcept {
  timespec now{};
  (void)clock_gettime(CLOCK_REALTIME, &now);
  to->tv_sec = now.tv_sec;
  to->tv_usec = now.tv_nsec / 1000;
  return 0;
}

}  // extern "C"
