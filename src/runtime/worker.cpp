#include "runtime/worker.hpp"

#include <pthread.h>
#include <utility>

#include "runtime/shard.hpp"
#include "runtime/simulated_delay.hpp"

namespace tutti::runtime {
namespace {

constexpr const char* reason = "work on a worker's thread";
constexpr std::size_t thread_name_max = 15;  // pthread_setname_np

}  // namespace

Worker::Worker(world::World& world, std::string name, const WorkerSettings& settings)
    : world_(world), name_(std::move(name)), jobs_(name_.c_str(), "its queue_max", settings.queue_max) {
  if (world_.simulated()) return;
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), name_.substr(0, thread_name_max).c_str());
    const NoWaitScope no_wait(reason);
    while (jobs_.serve()) {
    }
  });
}

Worker::~Worker() {
  jobs_.close();
  if (thread_.joinable()) thread_.join();
}

void Worker::run(void (*function)(void*), void* argument) {
  if (Fiber* fiber = on_fiber() ? Shard::current().current_fiber() : nullptr; fiber != nullptr) {
    fiber->shard->throw_pending(*fiber, name_.c_str());
  }
  if (world_.simulated()) {
    run_inline(function, argument);
  } else {
    jobs_.run(function, argument);
  }
}

void Worker::run_inline(void (*function)(void*), void* argument) {
  struct Turn {
    Worker& worker;
    ~Turn() {
      if (!worker.turns_.grant_first()) worker.busy_ = false;
    }
  };
  if (!on_fiber()) {  // setting up: nobody else is at work, and if one is it has not begun
    const NoWaitScope no_wait(reason);
    function(argument);
    return;
  }
  if (busy_) {
    turns_.wait(name_.c_str());
  } else {
    busy_ = true;
  }
  const Turn turn{*this};
  simulated_delay(world_, name_.c_str());
  const NoWaitScope no_wait(reason);
  function(argument);
}

}  // namespace tutti::runtime
