#include "engines/process/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tutti::engines {
namespace {

[[noreturn]] void run_in_child(const Command& command, char* const* argv, char* const* envp) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int output = command.output < 0 ? nothing : command.output;
  ::dup2(nothing, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  if (::chdir(command.folder.c_str()) == 0) {
    ::execve(command.program.c_str(), argv, envp);
    ::dprintf(2, "%s cannot be executed: %s\n", command.program.c_str(), std::strerror(errno));
  } else {
    ::dprintf(2, "the working folder %s cannot be entered: %s\n", command.folder.c_str(), std::strerror(errno));
  }
  ::_exit(126);
}

}  // namespace

void become_child(pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // tutti died before the line above
}

pid_t spawn(const Command& command) {
  // All that allocates comes before the fork.
  std::vector<std::string> lines;
  for (const auto& [name, text] : command.environment) lines.push_back(name + "=" + text);
  std::vector<char*> argv, envp;
  for (const std::string& word : command.words) argv.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& line : lines) envp.push_back(const_cast<char*>(line.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    become_child(parent);
    run_in_child(command, argv.data(), envp.data());
  }
  if (pid > 0) ::setpgid(pid, pid);  // in the parent too: whoever is first, the group is there
  return pid;
}

std::string exit_reason(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = ::sigabbrev_np(WTERMSIG(status));
    return std::string("killed by SIG") + (name == nullptr ? "?" : name);
  }
  switch (const int code = WEXITSTATUS(status)) {
    case 0:
      return "exited with 0";
    case 75:
      return "exited with 75: its drain deadline passed with work still running";
    case 77:
      return "exited with 77: an address is taken or may not be listened on";
    case 78:
      return "exited with 78: bad settings; its last lines say which";
    case 126:
      return "exited with 126: the program cannot be executed";
    case 127:
      return "exited with 127: the program is not there";
    default:
      return "exited with " + std::to_string(code);
  }
}

int signal_number(const std::string& name) {
  static const std::map<std::string, int> numbers{{"SIGTERM", SIGTERM}, {"SIGINT", SIGINT},   {"SIGQUIT", SIGQUIT},
                                                  {"SIGHUP", SIGHUP},   {"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2},
                                                  {"SIGKILL", SIGKILL}};
  return numbers.at(name);
}

}  // namespace tutti::engines
