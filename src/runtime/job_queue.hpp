// Work handed from fibers to threads: first come, first served, bounded. A job lies on the stack of the fiber that
// waits for it, so it costs no allocation, and one that has not been started is withdrawn when its fiber's deadline
// passes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>

#include "runtime/fiber.hpp"

namespace tutti::runtime {

class RemoteParker;

class JobQueue {
 public:
  // `name` and `setting` for the messages: "the pool for offload", "runtime.offload_queue_max".
  JobQueue(const char* name, const char* setting, std::size_t jobs_max);
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  // Waits until a thread has run it; rethrows what it threw. Called from no fiber it blocks the thread. Throws
  // resource_exhausted when jobs_max are queued, and what is pending on the fiber while the job has not been started.
  void run(void (*function)(void*), void* argument);
  // A thread's part: runs the next job, waiting for one. False: closed and empty.
  bool serve();
  void close() noexcept;  // what is queued is still served; more is refused with failed_precondition
  [[nodiscard]] std::size_t queued();
  [[nodiscard]] std::size_t serving();  // threads that run a job

  std::size_t waiting_threads();

 private:
  struct Job;
  void append(Job& job) noexcept;
  bool withdraw(Job& job) noexcept;

  const char* name_;
  const char* setting_;
  std::size_t jobs_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Job* first_ = nullptr;
  Job* last_ = nullptr;
  std::size_t queued_ = 0;
  std::size_t serving_ = 0;
  std::size_t waiting_ = 0;
  bool closed_ = false;
};

}  // namespace tutti::runtime
