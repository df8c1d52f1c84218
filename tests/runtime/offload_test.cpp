#include <tutti/offload.hpp>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "runtime/offload_pool.hpp"
#include "runtime/on_fiber.hpp"

namespace tutti::runtime::testing {
namespace {

// Holds jobs until the test lets them go.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] int arrived() {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool open_ = false;
};

TEST(Offload, returns_the_value_from_another_thread) {
  const auto world = world::real_world();
  on_fiber(*world, [] {
    const auto here = std::this_thread::get_id();
    EXPECT_NE(offload([] { return std::this_thread::get_id(); }), here);
    EXPECT_EQ(*offload([value = std::make_unique<int>(5)]() mutable { return std::move(value); }), 5);
    offload([] {});
  });
}

TEST(Offload, rethrows_on_the_fiber) {
  const auto world = world::real_world();
  on_fiber(*world,
           [] { EXPECT_EQ(message_of([] { offload([] { throw std::runtime_error("no image"); }); }), "no image"); });
}

TEST(Offload, lets_other_fibers_go_on_and_uses_as_many_threads_as_set) {
  const auto world = world::real_world();
  OffloadPool pool(*world, {.threads = 3});
  Shard shard(*world, {.offload = &pool});
  Gate gate;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  on_fiber(shard, [&] {
    Scope scope;
    for (int i = 0; i < 10; ++i) {
      scope.spawn([&] {
        offload([&] {
          {
            const std::lock_guard lock(mutex);
            threads.insert(std::this_thread::get_id());
          }
          gate.pass();
        });
      });
    }
    while (gate.arrived() < 3) sleep(1ms);
    EXPECT_EQ(pool.figures().threads, 3u);
    EXPECT_EQ(pool.figures().running, 3u);
    EXPECT_EQ(pool.figures().queued, 7u);
    gate.open();
    scope.join();
  });

  EXPECT_EQ(threads.size(), 3u);
}

TEST(Offload, refuses_waits_inside) {
  const auto world = world::real_world();
  on_fiber(*world, [] {
    EXPECT_EQ(offload([] { return message_of([] { sleep(1s); }); }),
              "offloaded work may not wait for a sleep to end; do that before it or after it");
    EXPECT_EQ(offload([] { return code_thrown_by([] { all([] {}, [] {}); }); }), Code::failed_precondition);
  });
}

TEST(Offload, queued_gives_up_at_the_deadline_but_running_is_awaited) {
  const auto world = world::real_world();
  OffloadPool pool(*world, {.threads = 1});
  Shard shard(*world, {.offload = &pool});
  Gate gate;
  bool started = false, queued_ran = false;
  on_fiber(shard, [&] {
    Scope scope;
    Code after = Code::ok;
    scope.spawn([&] {
      with_deadline(5ms, [&] {
        started = true;
        EXPECT_EQ(offload([&] {
                    gate.pass();
                    return 3;
                  }),
                  3);                               // leaves only after the end, with the value
        after = code_thrown_by([] { sleep(0s); });  // and what was pending comes with the next wait
      });
    });
    while (gate.arrived() < 1) sleep(1ms);
    EXPECT_EQ(code_thrown_by([&] { with_deadline(5ms, [&] { offload([&] { queued_ran = true; }); }); }),
              Code::deadline_exceeded);
    sleep(5ms);
    gate.open();
    scope.join();
    EXPECT_EQ(after, Code::deadline_exceeded);
  });

  EXPECT_TRUE(started);
  EXPECT_FALSE(queued_ran);
}

TEST(Offload, refuses_more_than_queue_max) {
  const auto world = world::real_world();
  OffloadPool pool(*world, {.threads = 1, .queue_max = 2});
  Shard shard(*world, {.offload = &pool});
  Gate gate;
  on_fiber(shard, [&] {
    Scope scope;
    scope.spawn([&] { offload([&] { gate.pass(); }); });
    while (gate.arrived() < 1) sleep(1ms);
    for (int i = 0; i < 2; ++i) scope.spawn([] { offload([] {}); });
    sleep(1ms);
    const std::string message = message_of([] { offload([] {}); });
    EXPECT_NE(message.find("2 jobs waiting, which is the limit"), std::string::npos) << message;
    gate.open();
    scope.join();
  });
}

TEST(Offload, is_shared_by_shards) {
  const auto world = world::real_world();
  OffloadPool pool(*world, {.threads = 2});
  std::atomic<int> sum{0};
  const auto work = [&] {
    Shard shard(*world, {.offload = &pool});
    on_fiber(shard, [&] {
      for (int i = 0; i < 200; ++i) sum += offload([] { return 1; });
    });
  };
  std::thread other(work);
  work();
  other.join();

  EXPECT_EQ(sum.load(), 400);
}

TEST(Offload, carries_the_context_to_the_thread) {
  const auto world = world::real_world();
  on_fiber(*world, [] {
    const int request = 1;
    set_context(&request);
    EXPECT_EQ(offload([] { return context(); }), &request);
  });
}

TEST(Offload, in_a_simulated_world_runs_inline_after_a_seeded_delay) {
  const auto delays = [](std::uint64_t seed) {
    world::SimulatedWorld world({.seed = seed});
    std::vector<std::chrono::nanoseconds> taken;
    on_fiber(world, [&] {
      const auto here = std::this_thread::get_id();
      for (int i = 0; i < 5; ++i) {
        taken.push_back(duration_of([&] { EXPECT_EQ(offload([] { return std::this_thread::get_id(); }), here); }));
      }
      EXPECT_EQ(code_thrown_by([] { offload([] { sleep(1s); }); }), Code::failed_precondition);
      sleep(1s);
    });
    return taken;
  };

  EXPECT_EQ(delays(1), delays(1));
  EXPECT_NE(delays(1), delays(2));
}

TEST(Offload, outside_of_fibers_is_a_plain_call) {
  EXPECT_EQ(offload([] { return 3; }), 3);
}

}  // namespace
}  // namespace tutti::runtime::testing
