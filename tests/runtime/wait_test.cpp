#include <tutti/wait.hpp>

#include <cerrno>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <unistd.h>

#include "runtime/on_fiber.hpp"
#include "runtime/worker.hpp"

namespace tutti::runtime::testing {
namespace {

TEST(Sleep, takes_its_virtual_time_exactly) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    EXPECT_EQ(duration_of([] { sleep(90min); }), 90min);
    EXPECT_EQ(duration_of([] { sleep(1ns); }), 1ns);
  });
}

TEST(Sleep, and_deadlines_do_not_care_where_the_wall_clock_jumps) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    Scope scope;
    scope.spawn([&world] {
      for (const auto by : {24h, -72h, 1h}) {
        sleep(1s);
        world.jump_wall(by);
      }
    });
    EXPECT_EQ(duration_of([] { sleep(2500ms); }), 2500ms);
    EXPECT_EQ(duration_of([] {
                EXPECT_EQ(code_thrown_by([] { with_deadline(5s, [] { sleep(1h); }); }), Code::deadline_exceeded);
              }),
              5s);
    scope.join();
  });
}

TEST(Sleep, never_ends_early_in_the_real_world) {
  const auto world = world::real_world();
  on_fiber(*world, [&] {
    for (int i = 0; i < 10; ++i) {
      const Instant busy = world->clock().instant() + 300us;  // the turn's time grows old
      while (world->clock().instant() < busy) {
      }
      const Instant start = world->clock().instant();
      sleep(200us);
      EXPECT_GE(world->clock().instant() - start, 200us);
    }
  });
}

TEST(Deadline, comes_out_of_a_wait_at_its_time_and_stays_pending) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    const auto taken = duration_of([] {
      with_deadline(2s, [] {
        EXPECT_EQ(code_thrown_by([] { sleep(1h); }), Code::deadline_exceeded);
        EXPECT_EQ(duration_of([] { EXPECT_EQ(code_thrown_by([] { sleep(1h); }), Code::deadline_exceeded); }), 0s);
      });
    });
    EXPECT_EQ(taken, 2s);
    sleep(1s);  // the outer deadline is never
  });
}

TEST(Deadline, nested_is_the_earlier_one) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    EXPECT_EQ(
        duration_of([] { with_deadline(1s, [] { with_deadline(1h, [] { code_thrown_by([] { sleep(2h); }); }); }); }),
        1s);
    EXPECT_EQ(
        duration_of([] { with_deadline(1h, [] { with_deadline(1s, [] { code_thrown_by([] { sleep(2h); }); }); }); }),
        1s);
  });
}

TEST(Deadline, says_what_was_waited_for) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Mutex mutex;
    mutex.lock();
    EXPECT_EQ(message_of([&] { with_deadline(1s, [&] { mutex.lock(); }); }),
              "the deadline passed while waiting for a mutex");
    mutex.unlock();
  });
}

TEST(Shield, gives_clean_up_a_time_of_its_own_and_what_was_pending_is_again) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    with_deadline(1s, [] {
      EXPECT_EQ(code_thrown_by([] { sleep(1h); }), Code::deadline_exceeded);
      EXPECT_EQ(shield(5s,
                       [] {
                         sleep(4s);
                         return 7;
                       }),
                7);
      EXPECT_EQ(code_thrown_by([] { shield(5s, [] { sleep(6s); }); }), Code::deadline_exceeded);
      EXPECT_EQ(code_thrown_by([] { sleep(1ms); }), Code::deadline_exceeded);
    });
  });
}

TEST(Shield, sets_cancellation_aside) {
  world::SimulatedWorld world;
  Shard shard(world, {});
  FiberHandle handle;
  std::vector<std::string> log;
  shard.spawn({.handle = &handle}, [&] {
    shield(1h, [&] {
      sleep(10s);
      log.push_back("cleaned up");
    });
    if (code_thrown_by([] { sleep(1s); }) == Code::cancelled) log.push_back("cancelled");
  });
  on_fiber(shard, [&] {
    sleep(1s);
    handle.cancel();
    sleep(20s);
  });

  EXPECT_EQ(log, (std::vector<std::string>{"cleaned up", "cancelled"}));
}

// Every primitive that waits, made so that it waits for ever.
struct Case {
  const char* name;
  std::function<void()> wait;
};

std::vector<Case> all_waits() {
  struct State {
    Mutex mutex;
    Semaphore semaphore{0};
    Queue<int> empty{1};
    Queue<int> full{1};
  };
  auto state = std::make_shared<State>();
  (void)state->mutex.try_lock();
  (void)state->full.try_push(1);
  return {
      {"sleep", [] { sleep(1000h); }},
      {"mutex", [state] { state->mutex.lock(); }},
      {"semaphore", [state] { state->semaphore.acquire(); }},
      {"pop", [state] { (void)state->empty.pop(); }},
      {"push", [state] { state->full.push(2); }},
      {"all", [] { all([] { sleep(1000h); }, [] { sleep(1000h); }); }},
      {"race", [] { race([] { sleep(1000h); }, [] { sleep(1000h); }); }},
      {"join",
       [] {
         Scope scope;
         scope.spawn([] { sleep(1000h); });
         scope.join();
       }},
  };
}

TEST(Cancellation, reaches_every_primitive_and_stays_pending) {
  for (const Case& one : all_waits()) {
    SCOPED_TRACE(one.name);
    world::SimulatedWorld world;
    Shard shard(world, {});
    FiberHandle handle;
    Code first = Code::ok, second = Code::ok;
    shard.spawn({.handle = &handle}, [&] {
      first = code_thrown_by(one.wait);
      second = code_thrown_by(one.wait);
    });
    on_fiber(shard, [&] {
      sleep(1s);
      handle.cancel();
      sleep(1s);
    });
    EXPECT_EQ(first, Code::cancelled);
    EXPECT_EQ(second, Code::cancelled);
  }
}

TEST(Cancellation, deadlines_reach_every_primitive_in_time) {
  for (const Case& one : all_waits()) {
    SCOPED_TRACE(one.name);
    world::SimulatedWorld world;
    on_fiber(world, [&] {
      const auto taken = duration_of(
          [&] { EXPECT_EQ(code_thrown_by([&] { with_deadline(3s, one.wait); }), Code::deadline_exceeded); });
      EXPECT_EQ(taken, 3s);
    });
  }
}

TEST(NoWaitScope, refuses_every_wait_but_a_workers) {
  world::SimulatedWorld world;
  Worker worker(world, "ledger");
  on_fiber(world, [&] {
    const NoWaitScope no_wait("a transaction");
    for (const Case& one : all_waits()) {
      SCOPED_TRACE(one.name);
      EXPECT_EQ(code_thrown_by(one.wait), Code::failed_precondition);
    }
    EXPECT_EQ(message_of([] { sleep(1s); }),
              "a transaction may not wait for a sleep to end; do that before it or after it");
    EXPECT_EQ(code_thrown_by([] { offload([] {}); }), Code::failed_precondition);
    EXPECT_EQ(code_thrown_by([] { wait(0, Readiness::readable); }), Code::failed_precondition);
    EXPECT_EQ(worker.run([] { return 4; }), 4);
  });
}

TEST(Mutex, is_handed_over_in_the_order_of_asking) {
  world::SimulatedWorld world;
  std::vector<int> order;
  on_fiber(world, [&] {
    Mutex mutex;
    Scope scope;
    std::unique_lock held(mutex);
    for (int i = 0; i < 5; ++i) {
      scope.spawn([&, i] {
        const std::scoped_lock lock(mutex);
        order.push_back(i);
        sleep(1s);
      });
    }
    sleep(1s);
    EXPECT_FALSE(mutex.try_lock());
    held.unlock();
    scope.join();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });

  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Mutex, is_not_lost_with_a_waiter_that_gave_up_in_the_same_turn) {
  world::SimulatedWorld world;
  Shard shard(world, {});
  FiberHandle handle;
  Mutex mutex;
  bool got = false;
  Code next = Code::ok;
  on_fiber(shard, [&] {
    mutex.lock();
    shard.spawn({.handle = &handle}, [&] {
      mutex.lock();
      got = true;
      next = code_thrown_by([] { sleep(1s); });
      mutex.unlock();
    });
    sleep(1s);
    handle.cancel();  // woken by this,
    mutex.unlock();   // and given the mutex before it ran
    sleep(1s);
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });

  EXPECT_TRUE(got);
  EXPECT_EQ(next, Code::cancelled);
}

TEST(Semaphore, lets_in_as_many_as_it_has_permits) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Semaphore semaphore(3);
    int inside = 0, most = 0;
    Scope scope;
    for (int i = 0; i < 10; ++i) {
      scope.spawn([&] {
        semaphore.acquire();
        most = std::max(most, ++inside);
        sleep(1s);
        --inside;
        semaphore.release();
      });
    }
    EXPECT_EQ(duration_of([&] { scope.join(); }), 4s);
    EXPECT_EQ(most, 3);
    EXPECT_EQ(semaphore.available(), 3u);
  });
}

TEST(Queue, passes_items_in_order_and_makes_the_pushing_side_wait) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Queue<int> queue(2);
    std::vector<int> got;
    std::size_t most = 0;
    Scope scope;
    scope.spawn([&] {
      for (int i = 0; i < 20; ++i) {
        queue.push(i);
        most = std::max(most, queue.size());
      }
      queue.close();
    });
    scope.spawn([&] {
      while (const auto item = queue.pop()) {
        got.push_back(*item);
        sleep(1s);
      }
    });
    scope.join();

    EXPECT_EQ(got.size(), 20u);
    EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
    EXPECT_EQ(most, 2u);
  });
}

TEST(Queue, holds_items_max_and_refuses_one_more) {
  Queue<std::string> queue(2);
  EXPECT_TRUE(queue.try_push("a"));
  EXPECT_TRUE(queue.try_push("b"));
  std::string third = "c";

  EXPECT_FALSE(queue.try_push(std::move(third)));

  EXPECT_EQ(third, "c");
  EXPECT_EQ(queue.pop(), "a");  // outside of fibers, too, as long as nothing must be waited for
  EXPECT_EQ(queue.try_pop(), "b");
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST(Queue, closed_ends_those_who_wait) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Queue<int> empty(1), full(1);
    full.push(1);
    Scope scope;
    bool nothing = false;
    Code pushing = Code::ok;
    scope.spawn([&] { nothing = !empty.pop().has_value(); });
    scope.spawn([&] { pushing = code_thrown_by([&] { full.push(2); }); });
    sleep(1s);
    empty.close();
    full.close();
    scope.join();

    EXPECT_TRUE(nothing);
    EXPECT_EQ(pushing, Code::failed_precondition);
    EXPECT_EQ(full.pop(), 1);
    EXPECT_EQ(full.pop(), std::nullopt);
    EXPECT_EQ(code_thrown_by([&] { full.push(3); }), Code::failed_precondition);
  });
}

TEST(WaitForDescriptor, ends_when_it_can_be_read) {
  const auto world = world::real_world();
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  std::string log;
  on_fiber(*world, [&] {
    all(
        [&] {
          wait(pipe[0], Readiness::readable);
          log += "read ";
        },
        [&] {
          wait(pipe[1], Readiness::writable);
          log += "write ";
          ASSERT_EQ(::write(pipe[1], "x", 1), 1);
        });
    char byte = 0;
    ASSERT_EQ(::read(pipe[0], &byte, 1), 1);
    EXPECT_EQ(code_thrown_by([&] { with_deadline(5ms, [&] { wait(pipe[0], Readiness::readable); }); }),
              Code::deadline_exceeded);
    ASSERT_EQ(::write(pipe[1], "x", 1), 1);
    wait(pipe[0], Readiness::readable);  // can be waited for again
  });
  ::close(pipe[0]);
  ::close(pipe[1]);

  EXPECT_EQ(log, "write read ");
}

TEST(WaitForDescriptor, is_refused_in_words) {
  const auto real = world::real_world();
  on_fiber(*real, [] { EXPECT_EQ(code_thrown_by([] { wait(-1, Readiness::readable); }), Code::failed_precondition); });
  world::SimulatedWorld simulated;
  on_fiber(simulated, [] { EXPECT_EQ(code_thrown_by([] { wait(0, Readiness::readable); }), Code::unimplemented); });
}

}  // namespace
}  // namespace tutti::runtime::testing
