#include "runtime/signals.hpp"

#include <csignal>
#include <thread>

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

TEST(Signals, that_come_twice_at_once_are_one) {
  const auto world = world::real_world();
  Shard shard(*world, {});
  int count = 0;
  {
    Signals signals(shard, [&](int) {
      ++count;
      shard.stop();
    });
    shard.spawn({}, [] {
      std::raise(SIGTERM);
      std::raise(SIGTERM);
    });
    shard.run();
  }

  EXPECT_EQ(count, 1);
}

TEST(Signals, that_come_behind_the_end_of_the_loop_do_not_end_the_process_before_it_has) {
  const auto world = world::real_world();
  Shard shard(*world, {});
  {
    Signals signals(shard, [&](int) { shard.stop(); });
    shard.spawn({}, [] { std::raise(SIGTERM); });
    shard.run();
  }

  struct sigaction now {};
  ::sigaction(SIGTERM, nullptr, &now);
  EXPECT_NE(now.sa_handler, SIG_DFL);
}

TEST(SignalsDeathTest, the_second_ends_the_process_at_once) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const auto world = world::real_world();
        Shard shard(*world, {});
        Signals signals(shard, [&](int) {
          std::this_thread::sleep_for(Signals::same_wish);  // the loop may even hang
          std::raise(SIGINT);
        });
        shard.spawn({}, [] { std::raise(SIGTERM); });
        shard.run();
      },
      ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace tutti::runtime::testing
