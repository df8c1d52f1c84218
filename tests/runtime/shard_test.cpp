#include "runtime/shard.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "runtime/on_fiber.hpp"
#include "runtime/parker.hpp"

namespace tutti::runtime::testing {
namespace {

TEST(Shard, runs_what_other_threads_post_and_stops_when_told) {
  const auto world = world::real_world();
  Shard shard(*world, {});
  int ran = 0;  // only ever touched on the shard's thread
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) shard.post([&ran] { ++ran; });
    shard.post([&shard] { shard.stop(); });
  });

  shard.run();
  other.join();

  EXPECT_EQ(ran, 1000);
}

TEST(Shard, posts_carry_what_can_only_be_moved) {
  world::SimulatedWorld world;
  Shard shard(world, {});
  int seen = 0;

  shard.post([&seen, value = std::make_unique<int>(5)] { seen = *value; });

  EXPECT_TRUE(shard.has_ready());
  EXPECT_TRUE(shard.turn());
  EXPECT_EQ(seen, 5);
}

TEST(Shard, a_remote_parker_is_woken_by_another_thread) {
  const auto world = world::real_world();
  int wakes = 0;
  on_fiber(*world, [&] {
    for (int i = 0; i < 200; ++i) {
      RemoteParker parker;
      std::thread other([&parker] { parker.unpark(); });
      if (parker.park()) ++wakes;
      other.join();
    }
  });

  EXPECT_EQ(wakes, 200);
}

TEST(Shard, an_unpark_before_the_park_is_kept) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Parker parker;
    parker.unpark();
    EXPECT_TRUE(parker.park());
    EXPECT_EQ(duration_of([&] { EXPECT_FALSE(parker.park(Shard::current().now() + 3s)); }), 3s);
  });
}

TEST(Shard, a_fiber_that_is_always_ready_does_not_starve_the_network) {
  const auto world = world::real_world();
  Shard shard(*world, {});
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  bool seen = false;
  std::size_t yields = 0;
  shard.spawn({}, [&] {
    while (!seen) {
      sleep(0s);
      ++yields;
      if (yields == 100) {
        ASSERT_EQ(::write(pipe[1], "x", 1), 1);
      }
      ASSERT_LT(yields, 100'000u);
    }
  });

  on_fiber(shard, [&] {
    wait(pipe[0], Readiness::readable);
    seen = true;
  });
  ::close(pipe[0]);
  ::close(pipe[1]);

  EXPECT_LT(yields, 100u + 3 * 64u);  // a few turns of 64
}

std::vector<int> order_of_ten(std::uint64_t seed, bool seeded) {
  world::SimulatedWorld world({.seed = seed});
  Shard shard(world, {.seeded_order = seeded});
  std::vector<int> order;
  for (int i = 0; i < 10; ++i) shard.spawn({}, [&order, i] { order.push_back(i); });
  while (shard.turn()) {
  }
  return order;
}

TEST(Shard, runs_ready_fibers_in_order_or_in_the_order_of_the_seed) {
  EXPECT_EQ(order_of_ten(1, false), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(order_of_ten(1, true), order_of_ten(1, true));
  EXPECT_NE(order_of_ten(1, true), order_of_ten(2, true));
}

TEST(Shard, several_are_driven_in_one_thread_through_virtual_time) {
  world::SimulatedWorld world;
  Shard one(world, {}), two(world, {});
  std::vector<std::string> log;
  one.spawn({}, [&] {
    sleep(2s);
    log.push_back("one");
  });
  two.spawn({}, [&] {
    sleep(1s);
    log.push_back("two");
    sleep(2s);
    log.push_back("two again");
  });

  for (;;) {
    for (bool busy = true; busy;) {
      const bool one_busy = one.turn();
      busy = two.turn() || one_busy;
    }
    const Instant next = std::min({one.next_timer(), two.next_timer(), world.next_event()});
    if (next == Instant::never()) break;
    world.advance_to(next);
  }

  EXPECT_EQ(log, (std::vector<std::string>{"two", "one", "two again"}));
  EXPECT_EQ(one.fibers() + two.fibers(), 0u);
}

TEST(Shard, destroyed_unwinds_the_fibers_that_wait) {
  world::SimulatedWorld world;
  struct Counts {
    explicit Counts(int& n) : count(n) { ++count; }
    ~Counts() { --count; }
    int& count;
  };
  int alive = 0;
  {
    Shard shard(world, {});
    for (int i = 0; i < 10; ++i) {
      shard.spawn({}, [&alive] {
        const Counts one(alive);
        all(
            [&] {
              const Counts two(alive);
              sleep(1h);
            },
            [&] { shield(1h, [] { sleep(1h); }); });
      });
    }
    while (shard.turn()) {
    }
    EXPECT_EQ(alive, 20);
  }

  EXPECT_EQ(alive, 0);
}

TEST(Shard, tells_what_escaped_from_a_detached_fiber) {
  world::SimulatedWorld world;
  std::string told;
  Shard shard(world, {.escaped = [&](std::string_view fiber, std::exception_ptr error) {
                told = std::string(fiber) + ": " + message_of([&] { std::rethrow_exception(error); });
              }});
  shard.spawn({.name = "metrics"}, [] { throw std::runtime_error("no room"); });

  while (shard.turn()) {
  }

  EXPECT_EQ(told, "metrics: no room");
}

TEST(Shard, measures_how_long_a_turn_kept_the_network_waiting) {
  const auto world = world::real_world();
  on_fiber(*world, [&] {
    const Instant end = world->clock().instant() + 5ms;
    while (world->clock().instant() < end) {
    }
    sleep(0s);
    while (Shard::current().figures().lag == 0ns) sleep(1ms);
  });
  Shard shard(*world, {});
  on_fiber(shard, [&] {
    const Instant end = world->clock().instant() + 5ms;
    while (world->clock().instant() < end) {
    }
    sleep(1ms);
    EXPECT_GE(shard.figures().lag_longest, 5ms);
    EXPECT_LT(shard.figures().lag_longest, 5ms);
  });
}

TEST(Shard, waiting_outside_of_fibers_is_refused_in_words) {
  const std::string message = message_of([] { sleep(1s); });

  EXPECT_NE(message.find("waiting for a sleep to end needs a fiber"), std::string::npos) << message;
  EXPECT_EQ(code_thrown_by([] { sleep(1s); }), Code::failed_precondition);
}

}  // namespace
}  // namespace tutti::runtime::testing
