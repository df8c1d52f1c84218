// Looks whether an instance is ready: by /readyz of its admin port, or by the test of the fleet file. Each look is a
// child process, so that a test that hangs holds up nobody.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

namespace tutti::engines {

struct Instance;
using Clock = std::chrono::steady_clock;

struct Health {
  pid_t probe = -1;  // the look that runs
  Clock::time_point next = {}, until = {};
  int failures = 0;       // in a row
  std::string last = {};  // what the last look that failed found, for people
  bool late_reported = false;
};

enum class Finding { nothing_new, became_ready, became_unready };

void begin_looking(Instance& instance, Clock::time_point now);
// Starts a look that is due, kills one that takes too long.
void look(Instance& instance, Clock::time_point now);
// With the status of the look that has ended.
[[nodiscard]] Finding judge(Instance& instance, int status, Clock::time_point now);

}  // namespace tutti::engines
