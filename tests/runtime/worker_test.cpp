#include "runtime/worker.hpp"

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "runtime/on_fiber.hpp"

namespace tutti::runtime::testing {
namespace {

TEST(Worker, runs_one_at_a_time_in_the_order_asked) {
  const auto world = world::real_world();
  Worker worker(*world, "ledger");
  std::vector<int> order;  // only touched on the worker's thread
  on_fiber(*world, [&] {
    Scope scope;
    for (int i = 0; i < 100; ++i) scope.spawn([&, i] { worker.run([&] { order.push_back(i); }); });
    scope.join();
  });

  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(Worker, serves_several_shards_and_plain_threads) {
  const auto world = world::real_world();
  Worker worker(*world, "ledger");
  int sum = 0;
  const auto work = [&] {
    on_fiber(*world, [&] {
      for (int i = 0; i < 300; ++i) worker.run([&] { ++sum; });
    });
  };
  std::thread other(work);
  std::thread plain([&] {
    for (int i = 0; i < 300; ++i) worker.run([&] { ++sum; });
  });
  work();
  other.join();
  plain.join();

  EXPECT_EQ(worker.run([&] { return sum; }), 900);
}

TEST(Worker, returns_values_and_rethrows) {
  const auto world = world::real_world();
  Worker worker(*world, "ledger");
  on_fiber(*world, [&] {
    EXPECT_EQ(worker.run([] { return std::string("value"); }), "value");
    EXPECT_EQ(message_of([&] { worker.run([] { throw std::runtime_error("locked"); }); }), "locked");
    EXPECT_EQ(code_thrown_by([&] { worker.run([] { sleep(1s); }); }), Code::failed_precondition);
  });
}

TEST(Worker, in_a_simulated_world_keeps_the_order_and_one_at_a_time) {
  world::SimulatedWorld world;
  Worker worker(world, "ledger");
  std::vector<int> order;
  on_fiber(world, [&] {
    const auto here = std::this_thread::get_id();
    Scope scope;
    for (int i = 0; i < 20; ++i) {
      scope.spawn([&, i] {
        worker.run([&] {
          EXPECT_EQ(std::this_thread::get_id(), here);
          order.push_back(i);
        });
      });
    }
    EXPECT_GT(duration_of([&] { scope.join(); }), 0ns);
    EXPECT_EQ(code_thrown_by([&] { with_deadline(0s, [&] { worker.run([] {}); }); }), Code::deadline_exceeded);
    EXPECT_EQ(worker.run([] { return 1; }), 1);
  });

  std::vector<int> expected(20);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(Worker, finishes_what_is_queued_before_it_ends) {
  const auto world = world::real_world();
  std::atomic<int> ran{0};
  on_fiber(*world, [&] {
    Worker worker(*world, "ledger");
    Scope scope;
    for (int i = 0; i < 10; ++i) scope.spawn([&] { worker.run([&] { ++ran; }); });
    scope.join();
  });

  EXPECT_EQ(ran.load(), 10);
}

}  // namespace
}  // namespace tutti::runtime::testing
