#include "runtime/timers.hpp"

#include <chrono>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace tutti::runtime {
namespace {

Instant at(std::int64_t nanoseconds) { return {std::chrono::nanoseconds(nanoseconds)}; }

struct Recorded {
  Recorded(std::vector<int>& log, int number) : log(log), number(number) {}
  std::vector<int>& log;
  int number;
  Timer timer{[](void* self) noexcept {
                auto& recorded = *static_cast<Recorded*>(self);
                recorded.log.push_back(recorded.number);
              },
              this};
};

TEST(Timers, fire_in_the_order_of_their_times_and_not_early) {
  Timers timers;
  std::vector<int> log;
  Recorded late(log, 3), early(log, 1), middle(log, 2);
  late.timer.arm(timers, at(300));
  early.timer.arm(timers, at(100));
  middle.timer.arm(timers, at(200));

  EXPECT_EQ(timers.fire(at(99)), 0u);
  EXPECT_EQ(timers.next(), at(100));
  EXPECT_EQ(timers.fire(at(250)), 2u);
  EXPECT_EQ(timers.fire(at(300)), 1u);

  EXPECT_EQ(log, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(timers.next(), Instant::never());
}

TEST(Timers, fire_equal_times_in_the_order_of_arming) {
  Timers timers;
  std::vector<int> log;
  std::vector<std::unique_ptr<Recorded>> all;
  for (int i = 0; i < 50; ++i) {
    all.push_back(std::make_unique<Recorded>(log, i));
    all.back()->timer.arm(timers, at(7));
  }

  timers.fire(at(7));

  std::vector<int> expected(50);
  for (int i = 0; i < 50; ++i) expected[static_cast<std::size_t>(i)] = i;
  EXPECT_EQ(log, expected);
}

TEST(Timers, do_not_fire_what_was_cancelled_or_destroyed) {
  Timers timers;
  std::vector<int> log;
  Recorded cancelled(log, 1);
  cancelled.timer.arm(timers, at(1));
  {
    Recorded destroyed(log, 2);
    destroyed.timer.arm(timers, at(1));
  }

  cancelled.timer.cancel();

  EXPECT_EQ(timers.fire(at(10)), 0u);
  EXPECT_TRUE(log.empty());
}

TEST(Timers, move_when_armed_again_and_never_disarms) {
  Timers timers;
  std::vector<int> log;
  Recorded moved(log, 1), disarmed(log, 2);
  moved.timer.arm(timers, at(1));
  moved.timer.arm(timers, at(20));
  disarmed.timer.arm(timers, at(1));
  disarmed.timer.arm(timers, Instant::never());

  EXPECT_EQ(timers.fire(at(10)), 0u);
  EXPECT_EQ(timers.fire(at(20)), 1u);
}

TEST(Timers, that_arm_themselves_for_now_wait_for_the_next_turn) {
  struct Again {
    Timers timers;
    int fired = 0;
    Timer timer{[](void* self) noexcept {
                  auto& again = *static_cast<Again*>(self);
                  ++again.fired;
                  again.timer.arm(again.timers, Instant{});
                },
                this};
  } again;
  again.timer.arm(again.timers, at(1));

  EXPECT_EQ(again.timers.fire(at(5)), 1u);
  EXPECT_EQ(again.timers.fire(at(5)), 1u);
  EXPECT_EQ(again.fired, 2);
}

TEST(Timers, agree_with_a_sorted_list_over_random_arming_and_cancelling) {
  std::mt19937 random(7);
  Timers timers;
  std::vector<int> log;
  std::vector<std::unique_ptr<Recorded>> all;
  for (int i = 0; i < 300; ++i) all.push_back(std::make_unique<Recorded>(log, i));
  for (int step = 0; step < 5000; ++step) {
    auto& one = *all[random() % all.size()];
    if (random() % 3 == 0) {
      one.timer.cancel();
    } else {
      one.timer.arm(timers, at(static_cast<std::int64_t>(random() % 1000)));
    }
  }
  std::size_t armed = 0;
  for (const auto& one : all) armed += one->timer.armed() ? 1 : 0;

  Instant previous = at(0);
  while (timers.next() != Instant::never()) {
    const Instant next = timers.next();
    ASSERT_GE(next, previous);
    const std::size_t before = log.size();
    ASSERT_GE(timers.fire(next), 1u);
    for (std::size_t i = before; i < log.size(); ++i)
      ASSERT_EQ(all[static_cast<std::size_t>(log[i])]->timer.when(), next);
    previous = next;
  }

  EXPECT_EQ(log.size(), armed);
}

}  // namespace
}  // namespace tutti::runtime
