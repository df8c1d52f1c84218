#include "engines/process/guardian.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "fleet/refusal.hpp"

namespace tutti::engines {
namespace {

[[noreturn]] void guard(int from, const std::filesystem::path& folder, std::set<pid_t> groups) {
  pid_t note = 0;
  // A note is one write below PIPE_BUF: it arrives whole. Positive: watch; negative: forget.
  for (ssize_t n; (n = ::read(from, &note, sizeof note)) == sizeof note || (n < 0 && errno == EINTR);) {
    if (n < 0) continue;
    if (note > 0)
      groups.insert(note);
    else
      groups.erase(-note);
  }
  for (const pid_t group : groups) ::kill(-group, SIGKILL);
  std::error_code ignored;  // there is nobody left to tell
  std::filesystem::remove_all(folder, ignored);
  ::_exit(0);
}

}  // namespace

Guardian::Guardian(const std::filesystem::path& runtime_folder, std::set<pid_t> groups) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw fleet::Refusal(fleet::exit_code::failed, "no pipe can be made; too many open files");
  pid_ = ::fork();
  if (pid_ < 0)
    throw fleet::Refusal(fleet::exit_code::failed, "no process can be started; the limit of processes is reached");
  if (pid_ == 0) {
    ::setsid();  // Ctrl-C is for tutti, which then closes the pipe
    ::signal(SIGTERM, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
    ::close(ends[1]);
    // Whoever reads tutti's output must not wait for this process.
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; ++fd) ::dup2(nothing, fd);
    guard(ends[0], runtime_folder, std::move(groups));
  }
  ::close(ends[0]);
  pipe_ = ends[1];
}

Guardian::~Guardian() {
  ::close(pipe_);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Guardian::watch(pid_t group) { [[maybe_unused]] const ssize_t n = ::write(pipe_, &group, sizeof group); }

void Guardian::forget(pid_t group) {
  const pid_t note = -group;
  [[maybe_unused]] const ssize_t n = ::write(pipe_, &note, sizeof note);
}

}  // namespace tutti::engines
