#include "runtime/job_queue.hpp"

#include <optional>
#include <string>

#include <tutti/error.hpp>

#include "runtime/parker.hpp"
#include "runtime/shard.hpp"

namespace tutti::runtime {

struct JobQueue::Job {
  enum class State : std::uint8_t { queued, taken, done };
  void (*function)(void*);
  void* argument;
  Locals locals;         // so that what is logged on the thread names the request
  RemoteParker* parker;  // null: a thread blocks
  State state = State::queued;
  std::exception_ptr error = {};
  std::condition_variable done = {};
  Job* previous = nullptr;
  Job* next = nullptr;
};

JobQueue::JobQueue(const char* name, const char* setting, std::size_t jobs_max)
    : name_(name), setting_(setting), jobs_max_(jobs_max) {}

void JobQueue::append(Job& job) noexcept {
  job.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &job;
  last_ = &job;
  ++queued_;
}

bool JobQueue::withdraw(Job& job) noexcept {
  if (job.state != Job::State::queued) return false;
  (job.previous != nullptr ? job.previous->next : first_) = job.next;
  (job.next != nullptr ? job.next->previous : last_) = job.previous;
  --queued_;
  return true;
}

void JobQueue::run(void (*function)(void*), void* argument) {
  std::optional<RemoteParker> parker;
  if (on_fiber()) parker.emplace();
  Job job{.function = function, .argument = argument, .locals = locals(), .parker = parker ? &*parker : nullptr};
  {
    std::unique_lock lock(mutex_);
    if (closed_) throw Error(Code::failed_precondition, std::string(name_) + " has ended; it runs nothing any more");
    if (queued_ >= jobs_max_) {
      throw Error(Code::resource_exhausted, std::string(name_) + " has " + std::to_string(queued_) +
                                                " jobs waiting, which is the limit; send less at once, or raise " +
                                                setting_);
    }
    append(job);
    changed_.notify_one();
    if (!parker) job.done.wait(lock, [&job] { return job.state == Job::State::done; });
  }
  if (parker) {
    try {
      parker->park_though_no_wait(name_);
    } catch (...) {
      {
        const std::lock_guard lock(mutex_);
        if (withdraw(job)) throw;
      }
      parker->park_uninterrupted();  // it runs: `argument` is in use until it ends. The interruption stays pending
    }
  }
  if (job.error != nullptr) std::rethrow_exception(std::move(job.error));
}

bool JobQueue::serve() {
  Job* job = nullptr;
  {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.wait(lock, [this] { return first_ != nullptr || closed_; });
    --waiting_;
    if (first_ == nullptr) return false;
    job = first_;
    withdraw(*job);
    job->state = Job::State::taken;
    ++serving_;
  }
  locals() = job->locals;
  try {
    job->function(job->argument);
  } catch (...) {
    job->error = std::current_exception();
  }
  locals() = {};
  const std::lock_guard lock(mutex_);
  --serving_;
  job->state = Job::State::done;
  // The job's end, and with it that of the one who waits, may come as soon as it is told.
  if (job->parker != nullptr) {
    job->parker->unpark();
  } else {
    job->done.notify_one();
  }
  return true;
}

void JobQueue::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

std::size_t JobQueue::queued() {
  const std::lock_guard lock(mutex_);
  return queued_;
}

std::size_t JobQueue::serving() {
  const std::lock_guard lock(mutex_);
  return serving_;
}

std::size_t JobQueue::waiting_threads() {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

}  // namespace tutti::runtime
