#include "runtime/signals.hpp"

#include <csignal>

#include "runtime/on_fiber.hpp"

namespace tutti::runtime::testing {
namespace {

TEST(Signals, tell_the_loop_that_the_process_shall_stop) {
  const auto world = world::real_world();
  Shard shard(*world, {});
  int seen = 0;
  {
    Signals signals(shard, [&](int signal) {
      seen = signal;
      shard.stop();
    });
    shard.spawn({}, [] { std::raise(SIGTERM); });
    shard.run();
  }

  EXPECT_EQ(seen, SIGTERM);
}

TEST(SignalsDeathTest, the_second_ends_the_process_at_once) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const auto world = world::real_world();
        Shard shard(*world, {});
        Signals signals(shard, [&](int) { std::raise(SIGINT); });  // the loop may even hang
        shard.spawn({}, [] { std::raise(SIGTERM); });
        shard.run();
      },
      ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace tutti::runtime::testing
