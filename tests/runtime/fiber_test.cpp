#include "runtime/fiber.hpp"

#include <sys/mman.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "refused_system_call.hpp"
#include "runtime/on_fiber.hpp"
#include "runtime/parker.hpp"
#include "runtime/sanitizers.hpp"

namespace tutti::runtime::testing {
namespace {

#if defined(TUTTI_TSAN)
constexpr std::size_t many = 1'000;  // ThreadSanitizer has room for some thousand
#else
constexpr std::size_t many = 10'000;
#endif

TEST(Fiber, runs_and_ends) {
  world::SimulatedWorld world;
  int ran = 0;

  on_fiber(world, [&] { ++ran; });

  EXPECT_EQ(ran, 1);
}

TEST(Fiber, is_entered_at_once_from_the_loop_and_its_stack_is_used_again) {
  world::SimulatedWorld world;
  Shard shard(world, {});
  const CurrentShard here(shard);
  int ran = 0;

  for (int i = 0; i < 1000; ++i)
    shard.enter(
        {}, [](void* count) { ++*static_cast<int*>(count); }, &ran);

  EXPECT_EQ(ran, 1000);
  EXPECT_EQ(shard.fibers(), 0u);
  EXPECT_EQ(shard.figures().fibers_idle, 1u);
}

TEST(Fiber, ten_thousand_of_them_wait_at_once_and_all_go_on) {
  world::SimulatedWorld world;
  Shard shard(world, {.stack_bytes = 64 * 1024});
  std::size_t done = 0;
  for (std::size_t i = 0; i < many; ++i) {
    shard.spawn({}, [&done] {
      sleep(1s);
      ++done;
    });
  }
  while (shard.turn()) {
  }
  EXPECT_EQ(shard.fibers(), many);
  EXPECT_EQ(done, 0u);

  on_fiber(shard, [] { sleep(2s); });

  EXPECT_EQ(done, many);
  EXPECT_EQ(shard.fibers(), 0u);
}

TEST(Fiber, returns_the_memory_of_a_burst_little_by_little) {
  world::SimulatedWorld world;
  Shard shard(world, {});
  for (int i = 0; i < 500; ++i) shard.spawn({}, [] { sleep(1s); });
  on_fiber(shard, [] { sleep(2s); });
  const std::size_t after_the_burst = shard.figures().fibers_idle;
  ASSERT_GE(after_the_burst, 400u);

  on_fiber(shard, [] {
    for (int i = 0; i < 30; ++i) sleep(2s);
  });

  EXPECT_LE(shard.figures().fibers_idle, 65u);
  on_fiber(shard, [] { sleep(2s); });  // and those kept still work
}

TEST(Fiber, above_fibers_max_is_refused_in_words) {
  world::SimulatedWorld world;
  Shard shard(world, {.fibers_max = 3});
  for (int i = 0; i < 3; ++i) shard.spawn({}, [] { sleep(1s); });

  const std::string message = message_of([&] { shard.spawn({}, [] {}); });

  EXPECT_NE(message.find("3 fibers are at work"), std::string::npos) << message;
  EXPECT_EQ(code_thrown_by([&] { shard.spawn({}, [] {}); }), Code::resource_exhausted);
}

TEST(Fiber, carries_large_tasks_and_destroys_them_once) {
  world::SimulatedWorld world;
  auto watched = std::make_shared<int>(0);
  Shard shard(world, {});
  struct Large {
    std::shared_ptr<int> counter;
    char bytes[4096] = {};
    void operator()() const { ++*counter; }
  };
  shard.spawn({}, Large{watched});
  shard.spawn({}, [watched] { ++*watched; });

  on_fiber(shard, [] { sleep(1s); });

  EXPECT_EQ(*watched, 2);
  EXPECT_EQ(watched.use_count(), 1);
}

TEST(Fiber, hands_deadline_context_and_name_to_its_children) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    const int request = 7;
    set_context(&request);
    set_deadline(Shard::current().now() + 5s);
    Locals seen;
    std::string name;
    Scope scope;
    scope.spawn([&] {
      seen = locals();
      name = fiber_name();
    });
    scope.join();
    EXPECT_EQ(seen.context, &request);
    EXPECT_EQ(seen.deadline, deadline());
    EXPECT_EQ(name, "test");
  });
}

TEST(Fiber, is_cancelled_by_its_handle) {
  world::SimulatedWorld world;
  Shard shard(world, {});
  FiberHandle handle;
  Code code = Code::ok;
  shard.spawn({.handle = &handle}, [&] { code = code_thrown_by([] { sleep(1h); }); });
  on_fiber(shard, [&] {
    sleep(1ms);
    EXPECT_TRUE(handle.running());
    handle.cancel();
    sleep(1ms);
    EXPECT_FALSE(handle.running());
    handle.cancel();
  });

  EXPECT_EQ(code, Code::cancelled);
}

// Waits in the middle of handling exceptions, as handlers do; other fibers do the same in between.
struct WaitsWhileUnwinding {
  ~WaitsWhileUnwinding() {
    EXPECT_EQ(std::uncaught_exceptions(), expected);
    sleep(std::chrono::milliseconds(random() % 5));
    EXPECT_EQ(std::uncaught_exceptions(), expected);
    try {
      throw std::logic_error("inner");
    } catch (const std::logic_error&) {
      sleep(std::chrono::milliseconds(random() % 5));
    }
  }
  std::mt19937& random;
  int expected = 1;
};

void throw_and_catch(std::mt19937& random, const std::string& mine, int& right) {
  const auto pause = [&] { sleep(std::chrono::milliseconds(random() % 5)); };
  try {
    const WaitsWhileUnwinding waits{random};
    throw std::runtime_error(mine);
  } catch (const std::runtime_error&) {
    pause();
    try {
      try {
        throw std::invalid_argument(mine + " nested");
      } catch (const std::invalid_argument& nested) {
        pause();
        EXPECT_EQ(nested.what(), mine + " nested");
        throw;
      }
    } catch (const std::invalid_argument& nested) {
      pause();
      EXPECT_EQ(nested.what(), mine + " nested");
    }
    pause();
    const std::exception_ptr current = std::current_exception();
    pause();
    try {
      std::rethrow_exception(current);
    } catch (const std::runtime_error& again) {
      pause();
      right += again.what() == mine ? 1 : 0;
    }
    try {
      throw;
    } catch (const std::runtime_error& again) {
      pause();
      right += again.what() == mine ? 1 : 0;
    }
  }
}

TEST(Fiber, keeps_its_own_exceptions_while_others_handle_theirs) {
  world::SimulatedWorld world;
  std::mt19937 random(11);
  int right = 0;

  on_fiber(world, [&] {
    Scope scope;
    for (int i = 0; i < 100; ++i) {
      scope.spawn([&, i] {
        for (int round = 0; round < 5; ++round) throw_and_catch(random, "error of " + std::to_string(i), right);
      });
    }
    scope.join();
  });

  EXPECT_EQ(right, 1000);
}

[[gnu::noinline]] std::size_t recurse(std::size_t depth) {
  volatile char frame[512];
  frame[depth % sizeof frame] = static_cast<char>(depth);
  if (depth == 0) return 0;
  const std::size_t below = recurse(depth - 1);
  return below + static_cast<std::size_t>(frame[depth % sizeof frame] == static_cast<char>(depth));
}

TEST(FiberDeathTest, that_overflows_its_stack_says_its_name_and_the_remedy) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const auto world = world::real_world();
        Shard shard(*world, {.stack_bytes = 64 * 1024});
        shard.spawn({.name = "orders.place"}, [] { std::exit(static_cast<int>(recurse(1'000'000) & 1)); });
        shard.run();
      },
      ::testing::KilledBySignal(SIGSEGV),
      "stack overflow in the fiber of orders.place: its [0-9]+ KiB are used up; raise tutti.stack_bytes");
}

TEST(FiberDeathTest, leaves_other_faults_to_the_handler_before) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
#if defined(TUTTI_ASAN)
  const char* expected = "AddressSanitizer";
#elif defined(TUTTI_TSAN)
  const char* expected = "ThreadSanitizer";
#else
  const char* expected = "";
#endif
  EXPECT_DEATH(
      {
        const auto world = world::real_world();
        Shard shard(*world, {});
        shard.spawn({}, [] {
          volatile std::uintptr_t nowhere = 64;
          *reinterpret_cast<volatile int*>(nowhere) = 1;  // NOLINT
        });
        shard.run();
      },
      expected);
}

// Prints what the next fiber is refused with, while one that has its stack already goes on.
void print_refusal_of_next_fiber(const std::function<void()>& make_scarce) {
  world::SimulatedWorld world;
  Shard shard(world, {});
  bool went_on = false;
  shard.spawn({}, [&] {
    sleep(1s);
    went_on = true;
    shard.stop();
  });
  while (shard.turn()) {
  }
  make_scarce();
  const std::string refusal = message_of([&] { shard.spawn({}, [] {}); });
  const Code code = code_thrown_by([&] { shard.spawn({}, [] {}); });
  shard.run();
  std::fprintf(stderr, "%s; code %d, the other went on: %d\n", refusal.c_str(), static_cast<int>(code), went_on);
  std::_Exit(0);
}

TEST(FiberDeathTest, without_memory_for_a_stack_is_refused_and_the_others_go_on) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::string then =
      "; code " + std::to_string(static_cast<int>(Code::resource_exhausted)) + ", the other went on: 1";
  EXPECT_EXIT(print_refusal_of_next_fiber([] {
                tests::refuse_system_call(SYS_mmap, ENOMEM, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK);
              }),
              ::testing::ExitedWithCode(0), "no stack for another fiber after 1: Cannot allocate memory; .*" + then);
  EXPECT_EXIT(print_refusal_of_next_fiber([] { tests::refuse_system_call(SYS_mprotect, ENOMEM, 2, PROT_NONE); }),
              ::testing::ExitedWithCode(0), "raise the kernel's vm.max_map_count .*" + then);
}

TEST(Fiber, refuses_stacks_out_of_range) {
  world::SimulatedWorld world;

  EXPECT_EQ(code_thrown_by([&] { Shard(world, {.stack_bytes = 64 * 1024 - 1}); }), Code::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { Shard(world, {.stack_bytes = 8 * 1024 * 1024 + 1}); }), Code::invalid_argument);
}

}  // namespace
}  // namespace tutti::runtime::testing
