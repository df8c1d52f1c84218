#include <tutti/scope.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/on_fiber.hpp"

namespace tutti::runtime::testing {
namespace {

TEST(All, runs_at_once_and_returns_every_result) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    const auto taken = duration_of([] {
      const auto [number, text, nothing] = all(
          [] {
            sleep(2s);
            return 1;
          },
          [] {
            sleep(1s);
            return std::string("two");
          },
          [] { sleep(3s); });
      EXPECT_EQ(number, 1);
      EXPECT_EQ(text, "two");
      EXPECT_EQ(nothing, std::monostate{});
    });
    EXPECT_EQ(taken, 3s);
  });
}

TEST(All, returns_what_can_only_be_moved) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    auto [one, two] = all([] { return std::make_unique<int>(1); }, [] { return std::make_unique<int>(2); });
    EXPECT_EQ(*one + *two, 3);
  });
}

TEST(All, cancels_the_rest_when_one_fails_and_awaits_it) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Code first = Code::ok;
    bool cleaned_up = false;
    const auto taken = duration_of([&] {
      EXPECT_EQ(message_of([&] {
                  all(
                      [&] {
                        first = code_thrown_by([] { sleep(1h); });
                        shield(5s, [] { sleep(2s); });
                        cleaned_up = true;
                        throw Error(Code::cancelled, "as told");
                      },
                      [] {
                        sleep(1s);
                        throw std::runtime_error("broken");
                      });
                }),
                "broken");
    });
    EXPECT_EQ(first, Code::cancelled);
    EXPECT_TRUE(cleaned_up);
    EXPECT_EQ(taken, 3s);
  });
}

TEST(All, throws_the_failure_that_is_first_in_the_order_of_the_arguments) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    EXPECT_EQ(message_of([] {
                all([] { sleep(1h); },
                    [] {
                      code_thrown_by([] { sleep(1h); });
                      throw std::runtime_error("second argument, failed last");
                    },
                    [] { throw std::runtime_error("third argument, failed first"); });
              }),
              "second argument, failed last");
  });
}

TEST(All, interrupted_ends_its_children_first) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    int ended = 0;
    const auto child = [&] {
      EXPECT_EQ(code_thrown_by([] { sleep(1h); }), Code::deadline_exceeded);
      shield(1s, [] { sleep(1ms); });
      ++ended;
      throw Error(Code::deadline_exceeded, "over");
    };
    EXPECT_EQ(code_thrown_by([&] { with_deadline(1s, [&] { all(child, child); }); }), Code::deadline_exceeded);
    EXPECT_EQ(ended, 2);
  });
}

TEST(All, outside_of_fibers_calls_one_after_the_other) {
  const auto [one, two] = all([] { return 1; }, [] { return 2; });
  EXPECT_EQ(one + two, 3);
}

TEST(Race, is_won_by_the_first_to_finish) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Code loser = Code::ok;
    const auto taken = duration_of([&] {
      const long result = race(
          [&] {
            loser = code_thrown_by([] { sleep(1h); });
            return 1;
          },
          [] {
            sleep(1s);
            return 2L;
          });
      EXPECT_EQ(result, 2);
    });
    EXPECT_EQ(loser, Code::cancelled);
    EXPECT_EQ(taken, 1s);
  });
}

TEST(Race, may_be_won_by_a_failure) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    EXPECT_EQ(message_of([] { race([] { sleep(1h); }, [] { throw std::runtime_error("broken"); }); }), "broken");
    race([] { sleep(1h); }, [] { sleep(1s); });
  });
}

TEST(Race, goes_to_the_first_argument_when_both_are_done_at_once) {
  world::SimulatedWorld world;
  on_fiber(world, [] { EXPECT_EQ(race([] { return 1; }, [] { return 2; }), 1); });
}

TEST(Scope, awaits_its_children_when_it_is_left) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Code code = Code::ok;
    {
      Scope scope;
      scope.spawn([&] { code = code_thrown_by([] { sleep(1h); }); });
      sleep(1s);
      EXPECT_EQ(scope.running(), 1u);
    }
    EXPECT_EQ(code, Code::cancelled);
  });
}

TEST(Scope, is_left_by_an_exception_without_leaving_children_behind) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    bool ended = false;
    EXPECT_EQ(message_of([&] {
                Scope scope;
                scope.spawn([&] {
                  code_thrown_by([] { sleep(1h); });
                  ended = true;
                });
                sleep(1s);
                throw std::runtime_error("out");
              }),
              "out");
    EXPECT_TRUE(ended);
  });
}

TEST(Scope, join_throws_the_first_failure_and_cancels_the_others) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Scope scope;
    Code other = Code::ok;
    scope.spawn([&] { other = code_thrown_by([] { sleep(1h); }); });
    scope.spawn([] {
      sleep(1s);
      throw std::runtime_error("broken");
    });
    EXPECT_EQ(message_of([&] { scope.join(); }), "broken");
    EXPECT_EQ(other, Code::cancelled);
  });
}

TEST(Scope, cancelled_on_purpose_is_no_failure) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Scope scope;
    scope.spawn([] { sleep(1h); });
    sleep(1s);
    scope.cancel();
    EXPECT_EQ(code_thrown_by([&] { scope.join(); }), Code::ok);
  });
}

TEST(Scope, children_may_start_more_children) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    int count = 0;
    Scope scope;
    for (int i = 0; i < 3; ++i) {
      scope.spawn([&] {
        sleep(1s);
        scope.spawn([&] {
          sleep(1s);
          ++count;
        });
      });
    }
    scope.join();
    EXPECT_EQ(count, 3);
  });
}

TEST(Scope, of_a_program_being_set_up_runs_on_the_shard) {
  world::SimulatedWorld world;
  Shard shard(world, {});
  const CurrentShard here(shard);
  int ticks = 0;
  {
    Scope scope;
    scope.spawn([&] {
      for (;;) {
        sleep(1s);
        ++ticks;
      }
    });
    on_fiber(shard, [] { sleep(3500ms); });
  }  // ends the child without a fiber to wait on

  EXPECT_EQ(ticks, 3);
  EXPECT_EQ(shard.fibers(), 0u);
}

}  // namespace
}  // namespace tutti::runtime::testing
