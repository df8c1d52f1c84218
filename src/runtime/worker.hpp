// A dedicated thread that does one thing at a time, in the order asked: a database's. In a simulated world there is no
// thread: the work runs inline, still one at a time and in order, after a delay drawn from the seed.
#pragma once

#include <cstddef>
#include <string>
#include <thread>
#include <type_traits>

#include <tutti/detail/waiting.hpp>

#include "runtime/job_queue.hpp"
#include "world/world.hpp"

namespace tutti::runtime {

struct WorkerSettings {
  std::size_t queue_max = 4096;  // jobs waiting; beyond, run() throws resource_exhausted
};

class Worker {
 public:
  Worker(world::World& world, std::string name, const WorkerSettings& settings = {});
  ~Worker();  // finishes what is queued
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Waits (the only wait that a NoWaitScope allows) until `f` ran on the thread; returns its value, rethrows its
  // exception. Deadline and cancellation end the wait only while `f` has not begun. From no fiber: blocks the
  // thread. From any shard.
  template <class F>
  auto run(F&& f) -> std::invoke_result_t<F&> {
    detail::Call<std::remove_reference_t<F>> call(f);
    run(&detail::Call<std::remove_reference_t<F>>::run, &call);
    return call.take();
  }
  void run(void (*function)(void*), void* argument);
  [[nodiscard]] std::size_t queued() { return jobs_.queued(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  void run_inline(void (*function)(void*), void* argument);

  world::World& world_;
  std::string name_;
  JobQueue jobs_;
  bool busy_ = false;  // simulated: a fiber's job is under way
  detail::WaitList turns_;
  std::thread thread_;
};

}  // namespace tutti::runtime
