// What a fiber costs: entering and leaving one on a pooled stack, a wait and its end, a timer armed and cancelled.
// Prints nanoseconds of CPU time, the best of several rounds.
#include <algorithm>
#include <cstdio>

#include <tutti/wait.hpp>

#include "../cpu_clock.hpp"
#include "runtime/shard.hpp"
#include "world/simulated.hpp"

namespace {

using namespace tutti;

template <class F>
void measure(const char* what, int count, F&& f) {
  double best = 1e18;
  for (int round = 0; round < 9; ++round) {
    const auto start = bench::cpu_time();
    f();
    best = std::min(best, static_cast<double>((bench::cpu_time() - start).count()) / count);
  }
  std::printf("%-45s %8.1f ns\n", what, best);
}

}  // namespace

int main() {
  constexpr int count = 200'000;
  world::SimulatedWorld world;  // its network costs no system calls
  runtime::Shard shard(world, {});
  const runtime::CurrentShard here(shard);
  int ran = 0;

  measure("enter a pooled fiber, run, return", count, [&] {
    for (int i = 0; i < count; ++i)
      shard.enter(
          {}, [](void* n) { ++*static_cast<int*>(n); }, &ran);
  });
  measure("let others run (a switch there and back)", count, [&] {
    shard.spawn({}, [&] {
      for (int i = 0; i < count; ++i) sleep(std::chrono::nanoseconds{0});
      shard.stop();
    });
    shard.run();
  });
  measure("a mutex handed between two fibers", count, [&] {
    Mutex mutex;
    const auto work = [&] {
      for (int i = 0; i < count / 2; ++i) {
        mutex.lock();
        sleep(std::chrono::nanoseconds{0});
        mutex.unlock();
      }
    };
    shard.spawn({}, [&] {
      all(work, work);
      shard.stop();
    });
    shard.run();
  });
  measure("a timer armed and cancelled among 10,000", count, [&] {
    runtime::Timers timers;
    static runtime::Timer* many[10'000];
    for (int i = 0; i < 10'000; ++i) {
      many[i] = new runtime::Timer([](void*) noexcept {}, nullptr);
      many[i]->arm(timers, {std::chrono::nanoseconds(i)});
    }
    runtime::Timer timer([](void*) noexcept {}, nullptr);
    for (int i = 0; i < count; ++i) {
      timer.arm(timers, {std::chrono::nanoseconds(10'000 + i)});
      timer.cancel();
    }
    for (runtime::Timer* one : many) delete one;
  });
  return ran > 0 ? 0 : 1;
}
