#include "runtime/orphans.hpp"

#include <charconv>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include "runtime/control_groups.hpp"

namespace tutti::runtime {
namespace {

bool is_dead(int process) {
  siginfo_t told{};
  return ::waitid(P_PID, static_cast<id_t>(process), &told, WEXITED | WNOHANG | WNOWAIT) == 0 && told.si_pid == process;
}

}  // namespace

bool is_first_process() noexcept { return ::getpid() == 1; }

void Orphans::reap(Instant now) {
  // The adopted are children of the first thread.
  const std::string children = kernel_file(files_, "/proc/self/task/" + std::to_string(::getpid()) + "/children");
  std::map<int, Instant> dead;
  const char* const end = children.data() + children.size();
  for (const char* at = children.data(); at < end;) {
    int process = 0;
    const auto [next, error] = std::from_chars(at, end, process);
    if (error != std::errc{}) break;
    at = next + 1;  // behind the space
    if (!is_dead(process)) continue;
    const auto known = dead_since_.find(process);
    const Instant since = known == dead_since_.end() ? now : known->second;
    if (now - since < patience) {
      dead.emplace(process, since);
    } else {
      (void)::waitpid(process, nullptr, WNOHANG);  // somebody else may have been faster
    }
  }
  dead_since_ = std::move(dead);
}

}  // namespace tutti::runtime
