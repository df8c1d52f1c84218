#include "engines/process/process_engine.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "engines/process/child.hpp"
#include "engines/process/guardian.hpp"
#include "engines/process/instance.hpp"
#include "engines/process/launcher.hpp"
#include "engines/process/printer.hpp"
#include "engines/process/programs.hpp"
#include "engines/process/publisher.hpp"
#include "engines/process/restart_policy.hpp"
#include "engines/process/runtime_folder.hpp"
#include "engines/process/start_order.hpp"
#include "fleet/refusal.hpp"
#include "fleet/running_fleet.hpp"
#include "fleet/whole_file.hpp"

namespace tutti::engines {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using fleet::DesiredService;
using fleet::Refusal;
using std::chrono::milliseconds;
using Tone = Printer::Tone;

constexpr milliseconds late_after = 10s;  // a start that takes longer is reported once
constexpr milliseconds longest_nap = 1s;  // of the loop
constexpr milliseconds last_lines_within = 1s;
constexpr std::size_t label_width_max = 24;  // a longer name stands out and moves only its own lines

std::string seconds(milliseconds time) {
  const auto tenths = (time.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

class ProcessEngine final : public Engine {
 public:
  explicit ProcessEngine(ProcessSettings settings) : settings_(std::move(settings)) {}

  int run(const fleet::DesiredState& state) override {
    state_ = &state;
    plan();
    fleet::take_lock(settings_.data);
    check_ports(state.services);
    try_ready_file();
    block_signals();
    folder_ = make_runtime_folder(longest_label_ + std::string_view(".sock").size());
    places_ = {
        .data = fs::absolute(settings_.data),
        .endpoints = folder_ / "endpoints.json",
        .log_format = settings_.terminal == ProcessSettings::Terminal::yes ? LogFormat::text : LogFormat::automatic};
    guardian_.emplace(folder_);
    // After the guardian, which must not hold the reader's pipe open.
    printer_.emplace(1, settings_.colour == ProcessSettings::Colour::yes ? Printer::Colour::yes : Printer::Colour::no,
                     std::min(longest_label_, label_width_max));
    launcher_.emplace(state, folder_, places_);
    publisher_.emplace(places_, *printer_);
    say_what_is_overruled();
    publisher_->publish(instances_);
    loop();
    clear_up();
    return exit_code_;
  }

 private:
  // --- before anything runs ---

  void plan() {
    std::size_t total = 0;
    for (const DesiredService& service : state_->services) total += service.replicas;
    instances_.reserve(total);  // others keep references
    int colour = 0;
    for (const DesiredService& service : state_->services) {
      const std::string program = program_of(service, settings_.program_dir).string();
      for (unsigned n = 0; n < service.replicas; ++n) {
        const std::string label = service.replicas == 1 ? service.name : service.name + "-" + std::to_string(n + 1);
        longest_label_ = std::max(longest_label_, label.size());
        instances_.push_back(
            {.service = service, .number = n, .speaker = {.label = label, .colour = colour}, .program = program});
      }
      ++colour;
    }
  }

  // Whoever waits for the file must not wait in vain because its folder is not there.
  void try_ready_file() {
    if (settings_.ready_file.empty()) return;
    const std::string problem = fleet::replace_whole(settings_.ready_file, "");
    if (!problem.empty()) throw Refusal(fleet::exit_code::failed, "the ready file cannot be written: " + problem);
    remove_ready_file();
  }

  void remove_ready_file() {
    std::error_code ignored;  // somebody else may have removed it
    if (!settings_.ready_file.empty()) fs::remove(settings_.ready_file, ignored);
  }

  void block_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&set, s);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  void say_what_is_overruled() {
    for (const DesiredService& service : state_->services)
      for (const std::string& name : overruled(service))
        printer_->say(fleet_speaker,
                      "service \"" + service.name + "\": " + name +
                          " of environment is not used: here tutti assigns the addresses; ports chooses one");
  }

  // --- the loop ---

  void loop() {
    const auto all_ended = [this] {
      return std::all_of(instances_.begin(), instances_.end(),
                         [](const Instance& i) { return i.state == State::ended; });
    };
    while (true) {
      advance(Clock::now());
      if (all_ended()) return;
      printer_->flush(Clock::now());
      wait();
      if (printer_->has_room())
        for (Instance& i : instances_) read_output(i);
      take_signals();
      reap();
    }
  }

  void advance(Clock::time_point now) {
    for (Instance& i : instances_) {
      if (stopping_) {
        advance_stop(i, now);
      } else if (i.state == State::waiting) {
        start_in_turn(i);
      } else if (i.state == State::backing_off) {
        if (now >= i.restart_at) start(i);
      } else if (i.state == State::starting || i.state == State::ready) {
        look(i, now);
        report_late(i, now);
      }
    }
    if (!stopping_ && !announced_) announce();
  }

  void wait() {
    std::vector<pollfd> fds{{signals_, POLLIN, 0}};
    if (printer_->has_pending()) fds.push_back({printer_->fd(), POLLOUT, 0});
    if (printer_->has_room())
      for (const Instance& i : instances_)
        if (i.output.fd() >= 0) fds.push_back({i.output.fd(), POLLIN, 0});
    ::poll(fds.data(), fds.size(), static_cast<int>(nap().count()));
  }

  // Until the next thing that only time brings.
  [[nodiscard]] milliseconds nap() const {
    const auto now = Clock::now();
    auto next = now + longest_nap;
    for (const Instance& i : instances_) {
      if (i.state == State::backing_off) next = std::min(next, i.restart_at);
      if (i.state == State::stopping && !i.killed) next = std::min(next, i.kill_at);
      if ((i.state == State::starting || i.state == State::ready) && i.service.is_probed())
        next = std::min(next, i.health.probe > 0 ? i.health.until : i.health.next);
    }
    return std::max(std::chrono::ceil<milliseconds>(next - now), 0ms);
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGCHLD) continue;
      if (!stopping_) {
        stopping_ = true;
        printer_->say(fleet_speaker, "stopping; Ctrl-C once more kills");
      } else {
        for (Instance& i : instances_) kill_now(i, "is killed");
      }
    }
  }

  void reap() {
    int status = 0;
    for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == guardian_->pid()) replace_guardian();
      for (Instance& i : instances_) {
        if (i.health.probe == pid) looked(i, status);
        if (i.pid == pid) ended(i, status);
      }
    }
  }

  // It ends by itself only when we do: somebody has killed it.
  void replace_guardian() {
    std::set<pid_t> running;
    for (const Instance& i : instances_)
      if (i.pid > 0) running.insert(i.pid);
    guardian_.emplace(folder_, std::move(running));
  }

  // --- one instance ---

  void start_in_turn(Instance& i) {
    const StartTurn turn = start_turn(i, instances_);
    if (turn.turn == Turn::now) start(i);
    if (turn.turn != Turn::never) return;
    printer_->say(i.speaker, "is not started: " + turn.because + " failed", Tone::alarm);
    i.state = State::ended;
    exit_code_ = fleet::exit_code::failed;
    publisher_->publish(instances_);
  }

  void start(Instance& i) {
    const auto now = Clock::now();
    i.started = now;
    i.succeeded = false;
    const std::string problem = launcher_->launch(i);
    if (!problem.empty()) {
      // Too many processes or files: that may pass.
      printer_->say(i.speaker, "cannot be started: " + problem, Tone::alarm);
      back_off(i, now, "not started");
      publisher_->publish(instances_);
      return;
    }
    guardian_->watch(i.pid);
    i.state = State::starting;
    printer_->say(i.speaker, "starts (pid " + std::to_string(i.pid) + ")");
    begin_looking(i, now);
    if (!i.service.is_probed()) become_ready(i);
    publisher_->publish(instances_);
  }

  void become_ready(Instance& i) {
    i.state = State::ready;
    const std::string where = published_http(i.service) == nullptr ? "" : " on http://" + call_address(i.addresses);
    printer_->say(i.speaker, "is ready" + where);
  }

  void looked(Instance& i, int status) {
    switch (judge(i, status, Clock::now())) {
      case Finding::nothing_new:
        return;
      case Finding::became_ready:
        become_ready(i);
        break;
      case Finding::became_unready:
        printer_->say(
            i.speaker,
            "is not ready any more, " + std::to_string(i.health.failures) + " looks in a row failed: " + i.health.last,
            Tone::alarm);
        break;
    }
    publisher_->publish(instances_);
  }

  void report_late(Instance& i, Clock::time_point now) {
    const milliseconds patience = std::max(late_after, i.service.healthcheck.start_period);
    if (i.state != State::starting || i.health.late_reported || now < i.started + patience) return;
    i.health.late_reported = true;
    const std::string waiting = who_waits_for(i, instances_);
    printer_->say(i.speaker,
                  "is not ready after " + seconds(patience) + ": " + i.health.last +
                      (waiting.empty() ? "" : "; it is waited for by " + waiting),
                  Tone::alarm);
  }

  void ended(Instance& i, int status) {
    read_output(i);
    ::kill(-i.pid, SIGKILL);  // what it started and left behind
    guardian_->forget(i.pid);
    if (i.health.probe > 0) ::kill(-i.health.probe, SIGKILL);
    ::unlink(i.addresses.socket.c_str());
    i.pid = -1;
    i.succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    const std::string why = exit_reason(status);
    if (stopping_) {
      i.state = State::ended;
      if (WIFEXITED(status) && WEXITSTATUS(status) == fleet::exit_code::cut_off) exit_code_ = fleet::exit_code::cut_off;
      printer_->say(i.speaker, i.succeeded ? "stopped" : "stopped: " + why);
    } else if (is_started_again(i.service, i.succeeded ? Ending::success : Ending::failure, i.restarts)) {
      back_off(i, Clock::now(), why);
    } else {
      i.state = State::ended;
      if (!i.succeeded) exit_code_ = fleet::exit_code::failed;
      if (i.succeeded)
        printer_->say(i.speaker, why);
      else
        printer_->say(i.speaker, why + "; it is not started again: " + describe_restart(i.service), Tone::alarm);
    }
    publisher_->publish(instances_);
  }

  void back_off(Instance& i, Clock::time_point now, const std::string& why) {
    const milliseconds pause = i.back_off.after(std::chrono::duration_cast<milliseconds>(now - i.started), random_);
    ++i.restarts;
    i.state = State::backing_off;
    i.restart_at = now + pause;
    printer_->say(
        i.speaker,
        why + "; starts again in " + std::to_string(pause.count()) + " ms (restart " + std::to_string(i.restarts) + ")",
        Tone::alarm);
  }

  void advance_stop(Instance& i, Clock::time_point now) {
    if (i.state == State::ended) return;
    if (i.pid <= 0) {
      i.state = State::ended;
      publisher_->publish(instances_);
    } else if (i.state == State::stopping) {
      if (now >= i.kill_at)
        kill_now(i, "does not stop within " + std::to_string(i.service.stop_grace_period.count()) +
                        " ms (stop_grace_period) and is killed");
    } else if (may_stop(i, instances_)) {
      i.state = State::stopping;
      i.kill_at = now + i.service.stop_grace_period;
      ::kill(-i.pid, signal_number(i.service.stop_signal));
      publisher_->publish(instances_);
    }
  }

  void kill_now(Instance& i, const std::string& what) {
    if (i.pid <= 0 || i.killed) return;
    i.killed = true;
    exit_code_ = fleet::exit_code::cut_off;
    printer_->say(i.speaker, what, Tone::alarm);
    ::kill(-i.pid, SIGKILL);
  }

  void read_output(Instance& i) {
    i.output.read([&](std::string_view line) { printer_->pass_on(i.speaker, line); });
  }

  // --- the fleet ---

  void announce() {
    for (const Instance& i : instances_)
      if (i.state != State::ready && !(i.state == State::ended && i.succeeded)) return;
    announced_ = true;
    const auto taken = std::chrono::duration_cast<milliseconds>(Clock::now() - began_);
    printer_->say(fleet_speaker, "all services are ready after " + seconds(taken) + "; Ctrl-C stops them");
    for (const Instance& i : instances_)
      if (i.state == State::ready && published_http(i.service) != nullptr)
        printer_->say(fleet_speaker, "open http://" + call_address(i.addresses) + " (" + i.speaker.label + ")");
    if (settings_.ready_file.empty()) return;
    if (const std::string problem = fleet::replace_whole(settings_.ready_file, "ready\n"); !problem.empty())
      printer_->say(fleet_speaker, "the ready file cannot be written: " + problem, Tone::alarm);
  }

  void clear_up() {
    guardian_.reset();
    fleet::remove_record(settings_.data);
    remove_ready_file();
    if (stopping_) say_how_it_ended();
    printer_->finish(last_lines_within);
  }

  void say_how_it_ended() {
    switch (exit_code_) {
      case 0:
        return printer_->say(fleet_speaker, "all services have stopped");
      case fleet::exit_code::cut_off:
        return printer_->say(fleet_speaker, "all services have stopped, but not all could finish", Tone::alarm);
      default:
        return printer_->say(fleet_speaker, "all services have stopped; one had failed before", Tone::alarm);
    }
  }

  ProcessSettings settings_;
  const fleet::DesiredState* state_ = nullptr;
  const Clock::time_point began_ = Clock::now();
  std::vector<Instance> instances_ = {};
  std::size_t longest_label_ = fleet_speaker.label.size();
  fs::path folder_ = {};
  RunPlaces places_ = {};
  int signals_ = -1;
  int exit_code_ = 0;
  bool stopping_ = false, announced_ = false;
  std::optional<Guardian> guardian_ = {};  // ends, and kills what still runs, before the printer does
  std::optional<Printer> printer_ = {};
  std::optional<Launcher> launcher_ = {};
  std::optional<Publisher> publisher_ = {};
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace

std::unique_ptr<Engine> make_process_engine(ProcessSettings settings) {
  return std::make_unique<ProcessEngine>(std::move(settings));
}

}  // namespace tutti::engines
