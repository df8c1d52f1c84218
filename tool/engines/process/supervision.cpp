#include "engines/process/supervision.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "engines/process/child.hpp"
#include "engines/process/restart_policy.hpp"
#include "engines/process/start_order.hpp"
#include "fleet/refusal.hpp"

namespace tutti::engines {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Tone = Printer::Tone;

constexpr milliseconds late_after = 10s;  // a start that takes longer is reported once

std::string seconds(milliseconds time) {
  const auto tenths = (time.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

}  // namespace

Supervision::Supervision(std::vector<Instance>& instances, Launcher& launcher, Publisher& publisher, Printer& printer,
                         Guardian& guardian)
    : instances_(instances), launcher_(launcher), publisher_(publisher), printer_(printer), guardian_(guardian) {}

void Supervision::advance(Clock::time_point now) {
  if (!stopping_ && only_broker_is_left()) stopping_ = true;
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
}

void Supervision::reaped(pid_t pid, int status) {
  for (Instance& i : instances_) {
    if (i.health.probe == pid) looked(i, status);
    if (i.pid == pid) ended(i, status);
  }
}

void Supervision::stop() {
  stopping_ = true;
  printer_.say(fleet_speaker, "stopping; Ctrl-C once more kills");
}

void Supervision::kill_all() {
  for (Instance& i : instances_) kill_now(i, "is killed");
}

void Supervision::read_outputs() {
  for (Instance& i : instances_) read_output(i);
}

bool Supervision::has_ended() const {
  return std::all_of(instances_.begin(), instances_.end(), [](const Instance& i) { return i.state == State::ended; });
}

// It serves the others: without them it would run for ever.
bool Supervision::only_broker_is_left() const {
  bool broker_runs = false;
  for (const Instance& i : instances_) {
    const bool is_broker = i.service.broker == fleet::BrokerUse::is_it;
    if (!is_broker && i.state != State::ended) return false;
    broker_runs = broker_runs || (is_broker && i.state != State::ended);
  }
  return broker_runs;
}

bool Supervision::is_ready() const {
  return std::all_of(instances_.begin(), instances_.end(), [](const Instance& i) {
    return i.state == State::ready || (i.state == State::ended && i.succeeded);
  });
}

Clock::time_point Supervision::next(Clock::time_point latest) const {
  auto out = latest;
  for (const Instance& i : instances_) {
    if (i.state == State::backing_off) out = std::min(out, i.restart_at);
    if (i.state == State::stopping && !i.killed) out = std::min(out, i.kill_at);
    if ((i.state == State::starting || i.state == State::ready) && i.service.is_probed())
      out = std::min(out, i.health.probe > 0 ? i.health.until : i.health.next);
  }
  return out;
}

void Supervision::start_in_turn(Instance& i) {
  const StartTurn turn = start_turn(i, instances_);
  if (turn.turn == Turn::now) start(i);
  if (turn.turn != Turn::never) return;
  printer_.say(i.speaker, "is not started: " + turn.because + " failed", Tone::alarm);
  i.state = State::ended;
  exit_code_ = fleet::exit_code::failed;
  publish();
}

void Supervision::start(Instance& i) {
  const auto now = Clock::now();
  i.started = now;
  i.succeeded = false;
  const std::string problem = launcher_.launch(i);
  if (!problem.empty()) {
    // Too many processes or files: that may pass.
    printer_.say(i.speaker, "cannot be started: " + problem, Tone::alarm);
    back_off(i, now, "not started");
    publish();
    return;
  }
  guardian_.watch(i.pid);
  i.state = State::starting;
  printer_.say(i.speaker, "starts (pid " + std::to_string(i.pid) + ")");
  begin_looking(i, now);
  if (!i.service.is_probed()) become_ready(i);
  publish();
}

void Supervision::become_ready(Instance& i) {
  i.state = State::ready;
  std::string where;
  if (published_http(i.service) != nullptr) where = " on http://" + call_address(i.addresses);
  if (i.addresses.amqp != 0) where = " on " + broker_uri(i.addresses.amqp);
  printer_.say(i.speaker, "is ready" + where);
}

void Supervision::looked(Instance& i, int status) {
  switch (judge(i, status, Clock::now())) {
    case Finding::nothing_new:
      return;
    case Finding::became_ready:
      become_ready(i);
      break;
    case Finding::became_unready:
      printer_.say(
          i.speaker,
          "is not ready any more, " + std::to_string(i.health.failures) + " looks in a row failed: " + i.health.last,
          Tone::alarm);
      break;
  }
  publish();
}

void Supervision::report_late(Instance& i, Clock::time_point now) {
  const milliseconds patience = std::max(late_after, i.service.healthcheck.start_period);
  if (i.state != State::starting || i.health.late_reported || now < i.started + patience) return;
  i.health.late_reported = true;
  const std::string waiting = who_waits_for(i, instances_);
  printer_.say(i.speaker,
               "is not ready after " + seconds(patience) + ": " + i.health.last +
                   (waiting.empty() ? "" : "; it is waited for by " + waiting),
               Tone::alarm);
}

void Supervision::ended(Instance& i, int status) {
  read_output(i);
  clear_up_after(i);
  i.succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const std::string why = exit_reason(status);
  if (stopping_) {
    i.state = State::ended;
    if (WIFEXITED(status) && WEXITSTATUS(status) == fleet::exit_code::cut_off) exit_code_ = fleet::exit_code::cut_off;
    printer_.say(i.speaker, i.succeeded ? "stopped" : "stopped: " + why);
  } else if (is_started_again(i.service, i.succeeded ? Ending::success : Ending::failure, i.restarts)) {
    back_off(i, Clock::now(), why);
  } else {
    i.state = State::ended;
    if (!i.succeeded) exit_code_ = fleet::exit_code::failed;
    if (i.succeeded)
      printer_.say(i.speaker, why);
    else
      printer_.say(i.speaker, why + "; it is not started again: " + describe_restart(i.service), Tone::alarm);
  }
  publish();
}

void Supervision::clear_up_after(Instance& i) {
  ::kill(-i.pid, SIGKILL);  // what it started and left behind
  guardian_.forget(i.pid);
  if (i.health.probe > 0) ::kill(-i.health.probe, SIGKILL);
  ::unlink(i.addresses.socket.c_str());
  i.pid = -1;
}

void Supervision::back_off(Instance& i, Clock::time_point now, const std::string& why) {
  const milliseconds pause = i.back_off.after(std::chrono::duration_cast<milliseconds>(now - i.started), random_);
  ++i.restarts;
  i.state = State::backing_off;
  i.restart_at = now + pause;
  printer_.say(
      i.speaker,
      why + "; starts again in " + std::to_string(pause.count()) + " ms (restart " + std::to_string(i.restarts) + ")",
      Tone::alarm);
}

void Supervision::advance_stop(Instance& i, Clock::time_point now) {
  if (i.state == State::ended) return;
  if (i.pid <= 0) {
    i.state = State::ended;
    publish();
  } else if (i.state == State::stopping) {
    if (now >= i.kill_at)
      kill_now(i, "does not stop within " + std::to_string(i.service.stop_grace_period.count()) +
                      " ms (stop_grace_period) and is killed");
  } else if (may_stop(i, instances_)) {
    i.state = State::stopping;
    i.kill_at = now + i.service.stop_grace_period;
    ::kill(-i.pid, signal_number(i.service.stop_signal));
    publish();
  }
}

void Supervision::kill_now(Instance& i, const std::string& what) {
  if (i.pid <= 0 || i.killed) return;
  i.killed = true;
  exit_code_ = fleet::exit_code::cut_off;
  printer_.say(i.speaker, what, Tone::alarm);
  ::kill(-i.pid, SIGKILL);
}

void Supervision::read_output(Instance& i) {
  i.output.read([&](std::string_view line) { printer_.pass_on(i.speaker, line); });
}

}  // namespace tutti::engines
