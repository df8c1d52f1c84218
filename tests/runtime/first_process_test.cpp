// What only a container's first process meets: a process namespace of the test's own makes a child the first in it.
#include <csignal>
#include <optional>
#include <string>
#include <thread>

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/on_fiber.hpp"
#include "runtime/orphans.hpp"
#include "runtime/signals.hpp"

namespace tutti::runtime::testing {
namespace {

constexpr int not_permitted = 99;

// The exit code of `body`, run as the first process of a namespace; none if the system does not permit one. A process
// that hangs is killed.
template <class Body>
std::optional<int> as_first_process(Body body) {
  const pid_t outer = ::fork();
  if (outer == 0) {
    if (::unshare(CLONE_NEWPID) != 0) ::_exit(not_permitted);
    const pid_t first = ::fork();
    if (first == 0) ::_exit(body());
    int status = 0;
    ::alarm(20);
    ::waitpid(first, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  int status = 0;
  ::waitpid(outer, &status, 0);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code == not_permitted ? std::nullopt : std::optional(code);
}

TEST(FirstProcess, is_ended_by_the_second_signal_although_the_kernel_would_ignore_it) {
  const auto code = as_first_process([] {
    const auto world = world::real_world();
    Shard shard(*world, {});
    Signals signals(shard, [&](int) {
      std::this_thread::sleep_for(Signals::same_wish);
      std::raise(SIGINT);
    });
    shard.spawn({}, [] { std::raise(SIGTERM); });
    shard.run();
    return 0;
  });

  if (!code) GTEST_SKIP() << "no process namespace may be made here";
  EXPECT_EQ(*code, 128 + SIGINT);
}

// A child that leaves its own child behind, which then ends; that one's number.
pid_t leave_an_orphan_that_ends() {
  const pid_t parent = ::fork();
  if (parent == 0) {
    if (::fork() == 0) ::_exit(0);
    ::_exit(0);
  }
  ::waitpid(parent, nullptr, 0);
  siginfo_t told{};
  (void)::waitid(P_ALL, 0, &told, WEXITED | WNOWAIT);  // it has ended, and still is to be waited for
  return told.si_pid;
}

bool has_children() { return ::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) == 0; }

TEST(FirstProcess, takes_the_exit_code_of_an_orphan_that_has_been_dead_for_a_while) {
  const auto code = as_first_process([] {
    // The files of /proc are those of the test's own namespace: the world is told what they would be.
    world::SimulatedWorld world;
    Orphans orphans(world.files());
    const pid_t orphan = leave_an_orphan_that_ends();
    (void)world.files().make_directories("/proc/self/task/1");
    (void)world.files().replace("/proc/self/task/1/children", std::to_string(orphan) + " ");
    const Instant start{std::chrono::seconds(5)};

    orphans.reap(start);
    if (!has_children()) return 4;  // too early: it could be waited for yet
    orphans.reap(start + (Orphans::patience - std::chrono::nanoseconds(1)));
    if (!has_children()) return 5;
    orphans.reap(start + Orphans::patience);
    return has_children() ? 6 : 0;
  });

  if (!code) GTEST_SKIP() << "no process namespace may be made here";
  EXPECT_EQ(*code, 0);
}

}  // namespace
}  // namespace tutti::runtime::testing
