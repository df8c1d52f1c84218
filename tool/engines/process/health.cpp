#include "engines/process/health.hpp"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "engines/process/child.hpp"
#include "engines/process/instance.hpp"

namespace tutti::engines {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds readyz_every_before = 100ms;  // until the first success
constexpr milliseconds readyz_every_after = 1s;
constexpr milliseconds readyz_timeout_max = 5s;

enum Answer : int { is_ready = 0, is_silent = 1, is_not_ready = 2 };

// Runs in a child; what it returns is its exit code.
Answer look_at_readyz(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) return is_silent;
  constexpr std::string_view request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return is_silent;
  char head[12];  // "HTTP/1.1 200"
  std::size_t got = 0;
  for (ssize_t n; got < sizeof head && (n = ::read(fd, head + got, sizeof head - got)) > 0;)
    got += static_cast<std::size_t>(n);
  if (got < sizeof head) return is_silent;
  return std::string_view(head, got).ends_with(" 200") ? is_ready : is_not_ready;
}

bool by_readyz(const Instance& i) { return i.service.healthcheck.test.empty(); }

milliseconds timeout_of(const Instance& i) {
  const milliseconds timeout = i.service.healthcheck.timeout;
  return by_readyz(i) ? std::min(timeout, readyz_timeout_max) : timeout;
}

milliseconds pause_of(const Instance& i) {
  const fleet::Healthcheck& check = i.service.healthcheck;
  if (by_readyz(i)) return i.state == State::ready ? readyz_every_after : readyz_every_before;
  return i.state == State::ready ? check.interval : std::min(check.start_interval, check.interval);
}

pid_t start_look(const Instance& i) {
  if (by_readyz(i)) {
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
      become_child(parent);
      ::_exit(look_at_readyz(i.addresses.admin));
    }
    if (pid > 0) ::setpgid(pid, pid);
    return pid;
  }
  // env looks the program up in the instance's own PATH.
  std::vector<std::string> words = i.service.healthcheck.test;
  words.insert(words.begin(), "env");
  return spawn({.program = "/usr/bin/env",
                .words = std::move(words),
                .environment = i.environment,
                .folder = i.service.working_dir});
}

std::string found(const Instance& i, int status) {
  if (by_readyz(i)) {
    const std::string admin = "127.0.0.1:" + std::to_string(i.addresses.admin);
    return WIFEXITED(status) && WEXITSTATUS(status) == is_not_ready ? "http://" + admin + "/readyz says why"
                                                                    : "nothing answers on its admin port " + admin;
  }
  if (WIFSIGNALED(status))
    return "its healthcheck was killed; it may take " + std::to_string(timeout_of(i).count()) + " ms";
  return "its healthcheck ended with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

void begin_looking(Instance& i, Clock::time_point now) {
  i.health = {.next = now + (by_readyz(i) ? readyz_every_before : milliseconds(0)), .last = "nobody has looked yet"};
}

void look(Instance& i, Clock::time_point now) {
  if (!i.service.is_probed()) return;
  Health& health = i.health;
  if (health.probe > 0) {
    if (now >= health.until) ::kill(-health.probe, SIGKILL);
  } else if (now >= health.next) {
    health.probe = start_look(i);
    health.until = now + timeout_of(i);
    health.next = now + pause_of(i);  // if the look could not be started
  }
}

Finding judge(Instance& i, int status, Clock::time_point now) {
  Health& health = i.health;
  const fleet::Healthcheck& check = i.service.healthcheck;
  health.probe = -1;
  if (i.state != State::starting && i.state != State::ready) return Finding::nothing_new;
  Finding finding = Finding::nothing_new;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    health.failures = 0;
    if (i.state == State::starting) finding = Finding::became_ready;
  } else {
    health.last = found(i, status);
    if (now >= i.started + check.start_period) ++health.failures;
    if (i.state == State::ready && health.failures >= check.retries) finding = Finding::became_unready;
  }
  if (finding == Finding::became_ready) i.state = State::ready;
  if (finding == Finding::became_unready) i.state = State::starting;
  health.next = now + pause_of(i);
  return finding;
}

}  // namespace tutti::engines
