#include "runtime/stall_watch.hpp"

#include <utility>

#include "runtime/assertion.hpp"
#include "runtime/control_groups.hpp"

namespace tutti::runtime {

StallWatch::StallWatch(world::World& world, std::chrono::nanoseconds threshold,
                       std::function<void(const Stall&)> report)
    : world_(world), threshold_(threshold), report_(std::move(report)) {
  TUTTI_ASSERT(threshold_.count() > 0);
  thread_ = std::thread([this] { run(); });
}

StallWatch::~StallWatch() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void StallWatch::watch(const Pulse& pulse) {
  const std::lock_guard lock(mutex_);
  watched_.push_back({.pulse = &pulse, .number = pulse.beat().number, .since = world_.clock().instant()});
}

void StallWatch::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, threshold_ / 2, [this] { return ending_; })) {
    const Instant now = world_.clock().instant();
    for (Watched& watched : watched_) look(watched, now);
  }
}

void StallWatch::look(Watched& watched, Instant now) {
  const Pulse::Beat beat = watched.pulse->beat();
  if (beat.number != watched.number) {
    if (std::exchange(watched.told, false)) {
      report_({.fiber = std::move(watched.fiber), .duration = now - watched.since, .where = {}, .over = true});
    }
    watched.number = beat.number;
    watched.since = now;
    return;
  }
  if (!beat.running || watched.told || now - watched.since < threshold_) return;
  const std::optional<std::string_view> name = watched.pulse->name();
  std::string fiber(name.value_or("a fiber"));
  // It has gone on at the last moment, and the name may be the next one's.
  if (!name || watched.pulse->beat().number != beat.number) return;
  watched.told = true;
  watched.fiber = std::move(fiber);
  stalls_.fetch_add(1, std::memory_order_relaxed);
  report_({.fiber = watched.fiber, .duration = now - watched.since, .where = where(*watched.pulse), .over = false});
}

// proc(5): the state is the first field of `stat` behind the name in parentheses; `wchan` is the function of the kernel
// in which the thread sleeps, or 0 if the kernel does not tell.
std::string StallWatch::where(const Pulse& pulse) const {
  const std::string folder = "/proc/self/task/" + std::to_string(pulse.thread());
  const std::string stat = kernel_file(world_.files(), folder + "/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= stat.size()) return "unknown";
  if (stat[name_end + 2] == 'R') return "computing";
  std::string wait = kernel_file(world_.files(), folder + "/wchan");
  return wait.empty() || wait == "0" ? "waiting in the kernel" : wait;
}

}  // namespace tutti::runtime
