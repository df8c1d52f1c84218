#include "runtime/stall_watch.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include <gmock/gmock.h>

#include "runtime/on_fiber.hpp"

namespace tutti::runtime::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

// What a watch has said so far.
class Reports {
 public:
  void add(const Stall& stall) {
    const std::lock_guard lock(mutex_);
    stalls_.push_back(stall);
    changed_.notify_one();
  }
  // Blocks the thread, as a handler must not; false when they have not come in a minute.
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 1min, [&] { return stalls_.size() >= count; });
  }
  std::vector<Stall> all() {
    const std::lock_guard lock(mutex_);
    return stalls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Stall> stalls_;
};

TEST(StallWatch, names_a_handler_that_waits_in_the_operating_system_and_says_when_it_is_over) {
  const auto world = world::real_world();
  Shard shard(*world, {});
  Reports reports;
  StallWatch watch(*world, 20ms, [&](const Stall& stall) { reports.add(stall); });
  watch.watch(shard.pulse());

  on_fiber(shard, [&] {
    const FiberName named("orders.place");
    EXPECT_TRUE(reports.wait_for(1));
  });
  ASSERT_TRUE(reports.wait_for(2));

  const std::vector<Stall> told = reports.all();
  EXPECT_EQ(told[0].fiber, "orders.place");
  EXPECT_GE(told[0].duration, 20ms);
  EXPECT_FALSE(told[0].over);
  EXPECT_THAT(told[0].where, Not(IsEmpty()));
  EXPECT_EQ(told[1].fiber, "orders.place");
  EXPECT_GE(told[1].duration, told[0].duration);
  EXPECT_TRUE(told[1].over);
  EXPECT_EQ(watch.stalls(), 1u);
}

TEST(StallWatch, says_of_a_handler_that_loops_that_it_computes) {
  const auto world = world::real_world();
  Shard shard(*world, {});
  Reports reports;
  std::atomic<bool> told{false};
  StallWatch watch(*world, 20ms, [&](const Stall& stall) {
    reports.add(stall);
    told = true;
  });
  watch.watch(shard.pulse());

  on_fiber(shard, [&] {
    while (!told) {
    }
  });

  EXPECT_EQ(reports.all()[0].fiber, "test");
  EXPECT_EQ(reports.all()[0].where, "computing");
}

TEST(StallWatch, tells_each_stall_once) {
  const auto world = world::real_world();
  Shard shard(*world, {});
  Reports reports;
  StallWatch watch(*world, 20ms, [&](const Stall& stall) { reports.add(stall); });
  watch.watch(shard.pulse());

  on_fiber(shard, [&] {
    for (std::size_t i = 1; i <= 5; i += 2) {
      EXPECT_TRUE(reports.wait_for(i));              // held up
      while (reports.all().size() <= i) sleep(1ms);  // over
    }
  });

  EXPECT_EQ(watch.stalls(), 3u);
}

TEST(StallWatch, says_nothing_of_fibers_that_wait_as_fibers_do) {
  const auto world = world::real_world();
  Shard shard(*world, {});
  Reports reports;
  StallWatch watch(*world, 300ms, [&](const Stall& stall) { reports.add(stall); });
  watch.watch(shard.pulse());

  on_fiber(shard, [] { sleep(1s); });

  EXPECT_THAT(reports.all(), IsEmpty());
}

TEST(StallWatch, watches_several_shards) {
  const auto world = world::real_world();
  Shard idle(*world, {});
  Shard busy(*world, {});
  Reports reports;
  StallWatch watch(*world, 20ms, [&](const Stall& stall) { reports.add(stall); });
  watch.watch(idle.pulse());
  watch.watch(busy.pulse());

  on_fiber(busy, [&] { EXPECT_TRUE(reports.wait_for(1)); });

  EXPECT_EQ(reports.all()[0].fiber, "test");
}

}  // namespace
}  // namespace tutti::runtime::testing
