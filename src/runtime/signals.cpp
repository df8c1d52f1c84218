#include "runtime/signals.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <tutti/error.hpp>

#include "runtime/assertion.hpp"
#include "runtime/orphans.hpp"

namespace tutti::runtime {
namespace {

// A handler has no argument of its own, so what it needs is the process's, as the disposition itself is.
std::atomic<int> writing{-1};
std::atomic<std::int64_t> asked_at{0};  // nanoseconds; 0: not asked yet
struct sigaction terminate_before;      // NOLINT
struct sigaction interrupt_before;      // NOLINT

// Not the world's clock: a handler may only call what POSIX names safe for it (signal-safety(7)).
std::int64_t nanoseconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void on_signal(int signal) {
  const int saved = errno;
  const std::int64_t now = nanoseconds_now();
  std::int64_t first = 0;
  if (asked_at.compare_exchange_strong(first, now)) {
    const auto byte = static_cast<unsigned char>(signal);
    (void)!::write(writing.load(), &byte, 1);  // an empty pipe takes a byte
  } else if (std::chrono::nanoseconds(now - first) >= Signals::same_wish) {
    // Asked twice: at once, even if the loop hangs.
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    // The default of a container's first process is to ignore what its own container sends.
    if (is_first_process()) ::_exit(128 + signal);
  }
  errno = saved;
}

void listen_to(int signal, struct sigaction& before) {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  struct sigaction found {};
  ::sigaction(signal, &action, &found);
  if (found.sa_handler != on_signal) before = found;  // ours still stands behind one that was asked to stop
}

}  // namespace

Signals::Signals(Shard& shard, std::function<void(int)> asked_to_stop)
    : shard_(shard), asked_to_stop_(std::move(asked_to_stop)) {
  TUTTI_ASSERT(writing.load() == -1);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    throw Error(Code::resource_exhausted, std::string("cannot listen for signals: ") + std::strerror(errno));
  }
  reading_ = ends[0];
  writing.store(ends[1]);
  asked_at.store(0);
  std::signal(SIGPIPE, SIG_IGN);
  watch();
  listen_to(SIGTERM, terminate_before);
  listen_to(SIGINT, interrupt_before);
}

Signals::~Signals() {
  // Once asked to stop the process is on its way out: the same wish, said twice, must not end it before it has.
  if (asked_at.load() == 0) {
    ::sigaction(SIGTERM, &terminate_before, nullptr);
    ::sigaction(SIGINT, &interrupt_before, nullptr);
  }
  shard_.network().forget_descriptor(reading_);
  ::close(reading_);
  ::close(writing.exchange(-1));
}

void Signals::watch() {
  const int error = shard_.network().watch_descriptor(reading_, true, false, this);
  if (error != 0) {
    ::close(reading_);
    ::close(writing.exchange(-1));
    throw Error(Code::failed_precondition, std::string("cannot listen for signals: ") + std::strerror(error));
  }
}

void Signals::on_ready(world::Ready) {
  unsigned char byte = 0;
  if (::read(reading_, &byte, 1) == 1) {
    asked_to_stop_(byte);  // the only one: the next signal ends the process
  } else {
    watch();
  }
}

}  // namespace tutti::runtime
