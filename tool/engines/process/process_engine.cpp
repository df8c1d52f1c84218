#include "engines/process/process_engine.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engines/process/guardian.hpp"
#include "engines/process/instance.hpp"
#include "engines/process/launcher.hpp"
#include "engines/process/printer.hpp"
#include "engines/process/programs.hpp"
#include "engines/process/publisher.hpp"
#include "engines/process/runtime_folder.hpp"
#include "engines/process/supervision.hpp"
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

constexpr milliseconds longest_nap = 1s;  // of the loop
// What passes a signal on to a group of processes, as timeout(1) does, sends it twice.
constexpr milliseconds same_wish = 100ms;
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
    supervision_.emplace(instances_, *launcher_, *publisher_, *printer_, *guardian_);
    say_what_is_overruled();
    publisher_->publish(instances_);
    loop();
    clear_up();
    return supervision_->exit_code();
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
    while (true) {
      supervision_->advance(Clock::now());
      if (supervision_->has_ended()) return;
      if (!announced_ && !supervision_->is_stopping() && supervision_->is_ready()) announce();
      printer_->flush(Clock::now());
      wait();
      if (printer_->has_room()) supervision_->read_outputs();
      take_signals();
      reap();
    }
  }

  void wait() {
    std::vector<pollfd> fds{{signals_, POLLIN, 0}};
    if (printer_->has_pending()) fds.push_back({printer_->fd(), POLLOUT, 0});
    if (printer_->has_room())
      for (const Instance& i : instances_)
        if (i.output.fd() >= 0) fds.push_back({i.output.fd(), POLLIN, 0});
    ::poll(fds.data(), fds.size(), static_cast<int>(nap().count()));
  }

  [[nodiscard]] milliseconds nap() const {
    const auto now = Clock::now();
    return std::max(std::chrono::ceil<milliseconds>(supervision_->next(now + longest_nap) - now), 0ms);
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGCHLD) continue;
      if (!supervision_->is_stopping()) {
        asked_to_stop_ = Clock::now();
        supervision_->stop();
      } else if (Clock::now() - asked_to_stop_ >= same_wish) {
        supervision_->kill_all();
      }
    }
  }

  void reap() {
    int status = 0;
    for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == guardian_->pid()) replace_guardian();
      supervision_->reaped(pid, status);
    }
  }

  // It ends by itself only when we do: somebody has killed it.
  void replace_guardian() {
    std::set<pid_t> running;
    for (const Instance& i : instances_)
      if (i.pid > 0) running.insert(i.pid);
    guardian_.emplace(folder_, std::move(running));
  }

  // --- the fleet ---

  void announce() {
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
    if (supervision_->is_stopping()) say_how_it_ended();
    printer_->finish(last_lines_within);
  }

  void say_how_it_ended() {
    switch (supervision_->exit_code()) {
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
  Clock::time_point asked_to_stop_{};
  bool announced_ = false;
  std::optional<Guardian> guardian_ = {};  // the last to go: it kills what still runs
  std::optional<Printer> printer_ = {};
  std::optional<Launcher> launcher_ = {};
  std::optional<Publisher> publisher_ = {};
  std::optional<Supervision> supervision_ = {};
};

}  // namespace

std::unique_ptr<Engine> make_process_engine(ProcessSettings settings) {
  return std::make_unique<ProcessEngine>(std::move(settings));
}

}  // namespace tutti::engines
