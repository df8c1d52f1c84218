#include "runtime/offload_pool.hpp"

#include <pthread.h>

#include "runtime/cpu_quota.hpp"
#include "runtime/shard.hpp"
#include "runtime/simulated_delay.hpp"

namespace tutti::runtime {
namespace {

constexpr const char* reason = "offloaded work";

}  // namespace

OffloadPool::OffloadPool(world::World& world, const OffloadSettings& settings)
    : world_(world),
      threads_max_(settings.threads != 0 ? settings.threads
                   : world.simulated()   ? 1
                                         : cpu_quota(world.files(), cpus_allowed())),
      jobs_("the pool for offloaded work", "runtime.offload_queue_max", settings.queue_max) {}

OffloadPool::~OffloadPool() {
  jobs_.close();
  for (std::thread& thread : threads_) thread.join();
}

void OffloadPool::run(void (*function)(void*), void* argument) {
  detail::check_may_wait(reason);
  if (world_.simulated()) {
    simulated_delay(world_, reason);
    const NoWaitScope no_wait(reason);
    function(argument);
    return;
  }
  start_thread_if_short();
  jobs_.run(function, argument);
}

void OffloadPool::start_thread_if_short() {
  const std::lock_guard lock(mutex_);
  if (threads_.size() >= threads_max_ || jobs_.waiting_threads() > jobs_.queued()) return;
  threads_.emplace_back([this] {
    ::pthread_setname_np(::pthread_self(), "tutti-offload");
    const NoWaitScope no_wait(reason);
    while (jobs_.serve()) {
    }
  });
}

OffloadFigures OffloadPool::figures() {
  const std::lock_guard lock(mutex_);
  return {
      .threads = threads_.size(), .threads_max = threads_max_, .queued = jobs_.queued(), .running = jobs_.serving()};
}

}  // namespace tutti::runtime
