#include "engines/process/process_engine.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <utility>

#include "engines/process/guardian.hpp"
#include "fleet/refusal.hpp"

extern char** environ;

namespace tutti::engines {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using fleet::Condition;
using fleet::DesiredService;
using fleet::Refusal;

constexpr auto backoff_first = 200ms;
constexpr auto backoff_longest = 30'000ms;
constexpr auto steady_after = 10s;   // an instance that ran this long starts its back-off anew
constexpr auto probe_every = 100ms;  // until the first success of /readyz; then 1 s
constexpr std::size_t line_bytes_max = 64 * 1024;

enum class State { waiting, starting, ready, backing_off, stopping, ended };

struct Instance {
  const DesiredService* service = nullptr;
  unsigned number = 0;
  std::string label = {};
  State state = State::waiting;
  pid_t pid = -1;
  int output = -1;
  std::string line = {};
  Clock::time_point started = {}, next = {}, next_probe = {}, kill_at = {};
  bool killed = false, succeeded = false;
  int failures = 0, restarts = 0, probe_failures = 0;
  std::uint16_t http = 0, admin = 0;
  std::string http_host = "127.0.0.1", socket = {};
  pid_t probe = -1;  // a child that looks: /readyz or the test of the fleet file
  Clock::time_point probe_until = {};
};

std::string upper(std::string text) {
  for (char& c : text) c = c == '-' || c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

int bound_socket(const std::string& host, std::uint16_t port, std::uint16_t& got) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return -EINVAL;
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  int result = fd < 0 || ::bind(fd, found->ai_addr, found->ai_addrlen) != 0 || ::listen(fd, 1) != 0 ? -errno : fd;
  ::freeaddrinfo(found);
  if (result < 0) {
    if (fd >= 0) ::close(fd);
    return result;
  }
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  got = ntohs(at.ss_family == AF_INET ? reinterpret_cast<sockaddr_in*>(&at)->sin_port
                                      : reinterpret_cast<sockaddr_in6*>(&at)->sin6_port);
  return result;
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  const int fd = bound_socket("127.0.0.1", 0, port);
  if (fd < 0) throw Refusal(fleet::exit_code::failed, std::string("no free port can be had: ") + std::strerror(-fd));
  ::close(fd);
  return port;
}

std::string url_host(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

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

// Runs in the child that probes: 0 if the answer's status is 200.
int look_at_readyz(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) return 1;
  constexpr std::string_view request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) return 1;
  char head[12];
  std::size_t got = 0;
  for (ssize_t n; got < sizeof head && (n = ::read(fd, head + got, sizeof head - got)) > 0;)
    got += static_cast<std::size_t>(n);
  return got == sizeof head && std::string_view(head, got).ends_with(" 200") ? 0 : 1;
}

fs::path make_runtime_folder(int& lock) {
  const char* xdg = std::getenv("XDG_RUNTIME_DIR");
  const fs::path parent =
      xdg != nullptr && *xdg == '/' && ::access(xdg, W_OK | X_OK) == 0 ? fs::path(xdg) : fs::path("/tmp");
  const std::string prefix = "tutti-" + std::to_string(::getuid()) + "-";
  // What a killed tutti and its guardian left: its lock is free. A folder gets its lock's final name only once it is
  // held.
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    const int fd = ::open((entry.path() / "lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) continue;
    struct stat about {};
    if (::fstat(fd, &about) == 0 && about.st_uid == ::getuid() && ::flock(fd, LOCK_EX | LOCK_NB) == 0)
      fs::remove_all(entry.path(), error);
    ::close(fd);
  }
  std::string name = (parent / (prefix + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr)
    throw Refusal(fleet::exit_code::failed,
                  "no folder can be made in " + parent.string() + ": " + std::strerror(errno));
  const fs::path folder = name;
  lock = ::open((folder / "lock.new").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ::flock(lock, LOCK_EX);
  fs::rename(folder / "lock.new", folder / "lock");
  return folder;
}

class ProcessEngine final : public Engine {
 public:
  explicit ProcessEngine(ProcessSettings settings) : settings_(std::move(settings)) {}

  int run(const fleet::DesiredState& state) override {
    state_ = &state;
    plan();
    find_programs();
    check_ports();
    fs::create_directories(settings_.data);
    if (!settings_.ready_file.empty()) fs::remove(settings_.ready_file);  // of a run before
    take_fleet();
    block_signals();
    folder_ = make_runtime_folder(lock_);
    guardian_.emplace(folder_);
    write_endpoints();
    int code = 0;
    try {
      code = loop();
    } catch (...) {
      for (Instance& i : instances_)
        if (i.pid > 0) ::kill(-i.pid, SIGKILL);
      guardian_.reset();
      throw;
    }
    guardian_.reset();
    std::error_code ignored;  // the guardian has removed it already
    fs::remove(settings_.data / "fleet.state", ignored);
    return code;
  }

 private:
  void plan() {
    for (const DesiredService& service : state_->services)
      for (unsigned n = 0; n < service.replicas; ++n) {
        const std::string label = service.replicas == 1 ? service.name : service.name + "-" + std::to_string(n + 1);
        width_ = std::max(width_, label.size());
        instances_.push_back({.service = &service, .number = n, .label = label});
      }
  }

  void find_programs() {
    for (const DesiredService& service : state_->services) {
      const std::string wanted = service.binary.empty() ? service.command.front() : service.binary;
      std::vector<fs::path> tried;
      if (wanted.find('/') != std::string::npos) {
        tried.push_back(service.working_dir / wanted);
      } else {
        if (!service.binary.empty()) tried.push_back(settings_.program_dir / wanted);
        std::string path = std::getenv("PATH") == nullptr ? "/usr/bin:/bin" : std::getenv("PATH");
        for (std::size_t from = 0; from <= path.size();) {
          const std::size_t end = std::min(path.find(':', from), path.size());
          if (end > from) tried.push_back(fs::path(path.substr(from, end - from)) / wanted);
          from = end + 1;
        }
      }
      const auto found = std::find_if(tried.begin(), tried.end(), [](const fs::path& p) {
        return fs::is_regular_file(p) && ::access(p.c_str(), X_OK) == 0;
      });
      if (found == tried.end()) {
        std::string where;
        for (const fs::path& p : tried) where += "\n  " + p.string();
        throw Refusal(fleet::exit_code::settings, "service \"" + service.name + "\": the program \"" + wanted +
                                                      "\" is not there; build it or correct the fleet file; looked at" +
                                                      where);
      }
      programs_[service.name] = *found;
    }
  }

  void check_ports() {
    for (const Instance& i : instances_)
      for (const fleet::PublishedPort& p : i.service->ports) {
        if (p.first == 0) continue;
        const auto port = static_cast<std::uint16_t>(p.first + i.number);
        std::uint16_t got = 0;
        const int fd = bound_socket(p.host, port, got);
        if (fd < 0)
          throw Refusal(
              fleet::exit_code::address,
              "service \"" + i.service->name + "\": port " + std::to_string(port) + " of " + p.host +
                  (fd == -EADDRINUSE
                       ? " is taken by another program; stop it (ss -ltnp shows it) or change ports in the fleet file"
                       : std::string(" cannot be listened on: ") + std::strerror(-fd)));
        ::close(fd);
      }
  }

  // Two fleets over one data folder would open the same databases.
  void take_fleet() {
    const int fd = ::open((settings_.data / "fleet.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
      throw Refusal(fleet::exit_code::failed, settings_.data.string() + " cannot be written: " + std::strerror(errno));
    // A guardian that still clears up after a killed tutti holds the lock for a moment.
    const auto until = Clock::now() + 2s;
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (Clock::now() < until) {
        ::poll(nullptr, 0, 50);
        continue;
      }
      throw Refusal(fleet::exit_code::failed, "a fleet runs over " + settings_.data.string() +
                                                  " already; stop it (tutti ps shows it) or give another --data");
    }
  }

  void block_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&set, s);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  int loop() {
    while (true) {
      advance();
      if (std::all_of(instances_.begin(), instances_.end(), [](const Instance& i) { return i.state == State::ended; }))
        return exit_code_;
      std::vector<pollfd> fds{{signals_, POLLIN, 0}};
      for (const Instance& i : instances_)
        if (i.output >= 0) fds.push_back({i.output, POLLIN, 0});
      ::poll(fds.data(), fds.size(), 50);
      for (Instance& i : instances_) read_output(i);
      take_signals();
    }
  }

  void advance() {
    const auto now = Clock::now();
    for (Instance& i : instances_) {
      if (stopping_) {
        stop_in_order(i, now);
        continue;
      }
      if ((i.state == State::waiting && dependencies_met(i)) || (i.state == State::backing_off && now >= i.next))
        start(i);
      if (i.state == State::starting || i.state == State::ready) probe(i, now);
    }
    if (!announced_ && !stopping_ && std::all_of(instances_.begin(), instances_.end(), [](const Instance& i) {
          return i.state == State::ready || (i.state == State::ended && i.succeeded);
        })) {
      announced_ = true;
      say("tutti", "all services are ready; Ctrl-C stops them");
      if (!settings_.ready_file.empty()) std::ofstream(settings_.ready_file) << "ready\n";
    }
  }

  bool dependencies_met(Instance& i) {
    for (const fleet::Dependency& d : i.service->depends_on)
      for (const Instance& other : instances_) {
        if (other.service->name != d.service) continue;
        if (other.state == State::ended && !other.succeeded && d.condition != Condition::started && d.required) {
          say(i.label, "is not started: " + other.label + " failed");
          i.state = State::ended;
          exit_code_ = fleet::exit_code::failed;
          return false;
        }
        const bool met = d.condition == Condition::started   ? other.pid > 0 || other.state == State::ended
                         : d.condition == Condition::healthy ? other.state == State::ready
                                                             : other.state == State::ended && other.succeeded;
        if (!met) return false;
      }
    return true;
  }

  std::map<std::string, std::string> environment_of(Instance& i) {
    std::map<std::string, std::string> out;
    for (char** at = environ; *at != nullptr; ++at) {
      const std::string_view text = *at;
      // tutti's own surroundings must not change what the fleet file says.
      if (const std::size_t eq = text.find('='); eq != std::string_view::npos && !text.starts_with("TUTTI_"))
        out[std::string(text.substr(0, eq))] = text.substr(eq + 1);
    }
    if (settings_.colour == ProcessSettings::Colour::yes) out["TUTTI_LOG_FORMAT"] = "text";
    const std::string http = url_host(i.http_host) + ":" + std::to_string(i.http);
    if (!i.service->binary.empty()) {
      out["TUTTI_HTTP_LISTEN"] = http;
      out["TUTTI_RPC_LISTEN"] = "unix:" + i.socket;
      out["TUTTI_ADMIN_LISTEN"] = "127.0.0.1:" + std::to_string(i.admin);
      out["TUTTI_DATA"] = fs::absolute(settings_.data).string();
      if (!i.service->with.empty()) {
        out["TUTTI_SERVICES"] = i.service->name;
        for (const std::string& other : i.service->with) out["TUTTI_SERVICES"] += "," + other;
      }
    } else {
      out["PORT"] = std::to_string(i.http);
    }
    for (const DesiredService& other : state_->services) {
      if (&other == i.service) continue;
      std::vector<std::string> names = other.with;
      names.push_back(other.name);
      for (const std::string& name : names) {
        const std::string key = "TUTTI_TARGETS_" + upper(name);
        out[key + "_ENDPOINTS_FILE"] = (folder_ / "endpoints.json").string();
        if (other.transport == fleet::Transport::http) out[key + "_TRANSPORT"] = "http";
      }
    }
    if (!i.service->secrets.empty()) {
      const fs::path mounted = folder_ / (i.label + ".settings");
      fs::create_directories(mounted);
      fs::permissions(mounted, fs::perms::owner_all);
      for (const fleet::MountedSecret& secret : i.service->secrets) {
        std::ofstream file(mounted / secret.name, std::ios::binary);
        file << secret.content;
      }
      out["TUTTI_SETTINGS_DIR"] = mounted.string();
    }
    for (const auto& [name, text] : i.service->environment) out[name] = text;
    return out;
  }

  pid_t fork_child(const std::vector<std::string>& words, const std::string& program,
                   const std::map<std::string, std::string>& environment, const fs::path& folder, int output) {
    std::vector<std::string> lines;
    for (const auto& [name, text] : environment) lines.push_back(name + "=" + text);
    std::vector<char*> argv, envp;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    for (const std::string& line : lines) envp.push_back(const_cast<char*>(line.c_str()));
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid != 0) {
      if (pid > 0) ::setpgid(pid, pid);
      return pid;
    }
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // tutti died before the line above
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, 0);
    ::dup2(output < 0 ? nothing : output, 1);
    ::dup2(output < 0 ? nothing : output, 2);
    if (::chdir(folder.c_str()) == 0) {
      ::execve(program.c_str(), argv.data(), envp.data());
      ::dprintf(2, "%s cannot be executed: %s\n", program.c_str(), std::strerror(errno));
    } else {
      ::dprintf(2, "the working folder %s cannot be entered: %s\n", folder.c_str(), std::strerror(errno));
    }
    ::_exit(126);
  }

  void start(Instance& i) {
    i.admin = free_port();
    i.http = 0;
    for (const fleet::PublishedPort& p : i.service->ports)
      if (p.first != 0 && i.http == 0) {
        i.http = static_cast<std::uint16_t>(p.first + i.number);
        i.http_host = p.host;
      }
    if (i.http == 0) i.http = free_port();
    i.socket = (folder_ / (i.label + ".sock")).string();
    ::unlink(i.socket.c_str());  // left by an instance that was killed
    std::vector<std::string> words = i.service->command;
    const std::string program = programs_[i.service->name].string();
    if (!i.service->binary.empty()) words.insert(words.begin(), program);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      throw Refusal(fleet::exit_code::failed, "no pipe can be made; raise the limit of open files");
    const auto environment = environment_of(i);
    i.pid = fork_child(words, program, environment, i.service->working_dir, ends[1]);
    ::close(ends[1]);
    if (i.pid < 0)
      throw Refusal(fleet::exit_code::failed, "no process can be started; the limit of processes is reached");
    guardian_->watch(i.pid);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    if (i.output >= 0) ::close(i.output);  // still held open by a grandchild of the instance before
    i.output = ends[0];
    i.started = Clock::now();
    i.next_probe = i.started + probe_every;
    i.probe_failures = 0;
    i.state = State::starting;
    say(i.label, "starts (pid " + std::to_string(i.pid) + ")");
    const bool unprobed =
        i.service->healthcheck.disabled || (i.service->binary.empty() && i.service->healthcheck.test.empty());
    if (unprobed) become_ready(i);
    write_state();
  }

  void become_ready(Instance& i) {
    i.state = State::ready;
    i.probe_failures = 0;
    std::string where;
    for (const fleet::PublishedPort& p : i.service->ports)
      if (p.first != 0) where = " on http://" + url_host(i.http_host) + ":" + std::to_string(i.http);
    say(i.label, "is ready" + where);
    write_endpoints();
    write_state();
  }

  void probe(Instance& i, Clock::time_point now) {
    const fleet::Healthcheck& check = i.service->healthcheck;
    if (check.disabled || (i.service->binary.empty() && check.test.empty())) return;
    if (i.probe > 0) {
      if (now >= i.probe_until) ::kill(-i.probe, SIGKILL);
      return;
    }
    if (now < i.next_probe) return;
    if (check.test.empty()) {
      i.probe = ::fork();
      if (i.probe == 0) {
        ::setpgid(0, 0);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::_exit(look_at_readyz(i.admin));
      }
      if (i.probe > 0) ::setpgid(i.probe, i.probe);
    } else {
      std::string program = check.test.front();
      std::vector<std::string> words = check.test;
      if (program.find('/') == std::string::npos) {
        words.insert(words.begin(), {"env"});
        program = "/usr/bin/env";
      }
      i.probe = fork_child(words, program, environment_of(i), i.service->working_dir, -1);
    }
    i.probe_until = now + (check.test.empty() ? std::min<std::chrono::milliseconds>(check.timeout, 5s) : check.timeout);
  }

  void probed(Instance& i, int status) {
    const fleet::Healthcheck& check = i.service->healthcheck;
    i.probe = -1;
    const auto now = Clock::now();
    const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (i.state != State::starting && i.state != State::ready) return;
    if (good && i.state == State::starting) become_ready(i);
    if (good) i.probe_failures = 0;
    if (!good && now >= i.started + check.start_period && ++i.probe_failures == check.retries &&
        i.state == State::ready) {
      say(i.label, "is not ready any more: " + std::to_string(check.retries) + " checks in a row failed");
      i.state = State::starting;
      write_endpoints();
      write_state();
    }
    const std::chrono::milliseconds pause = i.state == State::ready
                                                ? (check.test.empty() ? std::chrono::milliseconds(1s) : check.interval)
                                            : check.test.empty() ? std::chrono::milliseconds(probe_every)
                                                                 : std::min(check.start_interval, check.interval);
    i.next_probe = now + pause;
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGCHLD) continue;
      if (!stopping_) {
        stopping_ = true;
        say("tutti", "stopping; once more kills");
      } else {
        for (Instance& i : instances_) kill_now(i);
      }
    }
    int status = 0;
    for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;)
      for (Instance& i : instances_) {
        if (i.probe == pid) probed(i, status);
        if (i.pid == pid) ended(i, status);
      }
  }

  void kill_now(Instance& i) {
    if (i.pid <= 0 || i.killed) return;
    i.killed = true;
    exit_code_ = fleet::exit_code::cut_off;
    ::kill(-i.pid, SIGKILL);
  }

  // An instance is asked to stop once nothing that depends on it runs any more.
  void stop_in_order(Instance& i, Clock::time_point now) {
    if (i.state == State::ended) return;
    if (i.pid <= 0) {
      i.state = State::ended;
      return;
    }
    if (i.state == State::stopping) {
      if (now >= i.kill_at && !i.killed) {
        say(i.label,
            "does not stop within " + std::to_string(i.service->stop_grace_period.count()) + " ms and is killed");
        kill_now(i);
      }
      return;
    }
    for (const Instance& other : instances_)
      if (other.pid > 0)
        for (const fleet::Dependency& d : other.service->depends_on)
          if (d.service == i.service->name) return;
    static const std::map<std::string, int> numbers{{"SIGTERM", SIGTERM}, {"SIGINT", SIGINT},   {"SIGQUIT", SIGQUIT},
                                                    {"SIGHUP", SIGHUP},   {"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2},
                                                    {"SIGKILL", SIGKILL}};
    i.state = State::stopping;
    i.kill_at = now + i.service->stop_grace_period;
    ::kill(-i.pid, numbers.at(i.service->stop_signal));
  }

  void ended(Instance& i, int status) {
    read_output(i);
    ::kill(-i.pid, SIGKILL);  // what it started and left behind
    guardian_->forget(i.pid);
    if (i.probe > 0) ::kill(-i.probe, SIGKILL);
    ::unlink(i.socket.c_str());
    i.pid = -1;
    i.succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    const std::string why = exit_reason(status);
    const auto now = Clock::now();
    const bool again = !stopping_ && (i.service->restart == fleet::Restart::always ||
                                      i.service->restart == fleet::Restart::unless_stopped ||
                                      (i.service->restart == fleet::Restart::on_failure && !i.succeeded &&
                                       (i.service->restart_max == 0 || i.restarts < i.service->restart_max)));
    if (again) {
      if (now - i.started >= steady_after) i.failures = 0;
      auto pause =
          std::min<std::chrono::milliseconds>(backoff_first * (1 << std::min(i.failures, 12)), backoff_longest);
      pause = std::chrono::milliseconds(
          std::uniform_int_distribution<long long>(pause.count() / 2, pause.count())(random_));
      ++i.failures;
      ++i.restarts;
      i.state = State::backing_off;
      i.next = now + pause;
      say(i.label, why + "; starts again in " + std::to_string(pause.count()) + " ms (restart " +
                       std::to_string(i.restarts) + ")");
    } else {
      i.state = State::ended;
      if (!stopping_ && !i.succeeded) exit_code_ = fleet::exit_code::failed;
      say(i.label, stopping_ ? "stopped: " + why : why);
    }
    write_endpoints();
    write_state();
  }

  void read_output(Instance& i) {
    if (i.output < 0) return;
    char buffer[8192];
    ssize_t n = 0;
    // Bounded, so that one loud service does not keep the loop from the others.
    for (int rounds = 0; rounds < 16 && (n = ::read(i.output, buffer, sizeof buffer)) > 0; ++rounds) {
      for (const char c : std::string_view(buffer, static_cast<std::size_t>(n))) {
        if (c != '\n') i.line += c;
        if (c == '\n' || i.line.size() >= line_bytes_max) print(i.label, std::exchange(i.line, {}), "");
      }
    }
    if (n == 0) {
      if (!i.line.empty()) print(i.label, std::exchange(i.line, {}), "");
      ::close(std::exchange(i.output, -1));
    }
  }

  void say(const std::string& label, const std::string& text) { print(label, text, "\x1b[1m"); }

  void print(const std::string& label, const std::string& text, std::string_view style) {
    const bool colour = settings_.colour == ProcessSettings::Colour::yes;
    std::string out;
    if (colour) out += "\x1b[3" + std::to_string(1 + std::hash<std::string>{}(label) % 6) + "m";
    out +=
        label + std::string(width_ > label.size() ? width_ - label.size() : 0, ' ') + (style.empty() ? " | " : " * ");
    if (colour) out += "\x1b[0m" + std::string(style);
    out += text;
    if (colour && !style.empty()) out += "\x1b[0m";
    out += '\n';
    for (std::string_view rest = out; !rest.empty();) {
      const ssize_t n = ::write(1, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return;  // nobody reads any more; the fleet goes on
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void replace(const fs::path& file, const std::string& text) {
    const fs::path fresh = file.string() + ".new";
    std::ofstream(fresh, std::ios::binary) << text;
    fs::rename(fresh, file);
  }

  void write_endpoints() {
    std::string out;
    for (const Instance& i : instances_) {
      if (i.state != State::ready) continue;
      std::vector<std::string> names = i.service->with;
      names.push_back(i.service->name);
      for (const std::string& name : names) {
        const auto group = [&](const std::string& target, const char* transport) {
          out += (out.empty() ? "\n" : ",\n") + ("  {\"targets\": [\"" + target + "\"], \"labels\": {\"service\": \"" +
                                                 name + "\", \"transport\": \"" + transport + "\"}}");
        };
        const std::string host = i.http_host == "0.0.0.0" ? "127.0.0.1" : i.http_host == "::" ? "::1" : i.http_host;
        if (!i.service->binary.empty()) group("unix:" + i.socket, "rpc");
        group(url_host(host) + ":" + std::to_string(i.http), "http");
      }
    }
    replace(folder_ / "endpoints.json", "[" + out + "\n]\n");
  }

  // What `tutti ps` reads: a line an instance.
  void write_state() {
    static constexpr const char* words[] = {"waiting", "starting", "ready", "backing off", "stopping", "ended"};
    std::string out;
    for (const Instance& i : instances_)
      out += i.label + "\t" + words[static_cast<int>(i.state)] + "\t" + std::to_string(std::max<pid_t>(i.pid, 0)) +
             "\t" + std::to_string(i.restarts) + "\t" + std::to_string(i.http) + "\t" + std::to_string(i.admin) + "\n";
    replace(settings_.data / "fleet.state", out);
  }

  ProcessSettings settings_;
  const fleet::DesiredState* state_ = nullptr;
  std::vector<Instance> instances_;
  std::map<std::string, fs::path> programs_;
  std::size_t width_ = 5;
  fs::path folder_;
  int lock_ = -1, signals_ = -1, exit_code_ = 0;
  bool stopping_ = false, announced_ = false;
  std::optional<Guardian> guardian_;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace

std::unique_ptr<Engine> make_process_engine(ProcessSettings settings) {
  return std::make_unique<ProcessEngine>(std::move(settings));
}

}  // namespace tutti::engines
