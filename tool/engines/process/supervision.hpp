// The life of each instance: started when its dependencies let it, looked at until it is ready, started again when it
// dies, stopped in order. It waits for nothing: the engine's loop brings time, signals and ended processes.
#pragma once

#include <sys/types.h>

#include <random>
#include <string>
#include <vector>

#include "engines/process/guardian.hpp"
#include "engines/process/instance.hpp"
#include "engines/process/launcher.hpp"
#include "engines/process/printer.hpp"
#include "engines/process/publisher.hpp"

namespace tutti::engines {

class Supervision {
 public:
  // All outlive this.
  Supervision(std::vector<Instance>& instances, Launcher& launcher, Publisher& publisher, Printer& printer,
              Guardian& guardian);

  // What is due by now, for every instance.
  void advance(Clock::time_point now);
  // A child of ours has ended, an instance or a look at one.
  void reaped(pid_t pid, int status);
  // From now on instances are stopped instead of started.
  void stop();
  void kill_all();
  // Passes on what instances have written.
  void read_outputs();

  [[nodiscard]] bool is_stopping() const { return stopping_; }
  [[nodiscard]] bool has_ended() const;  // nothing runs and nothing will
  [[nodiscard]] bool is_ready() const;   // all of them, jobs by having done their work
  [[nodiscard]] int exit_code() const { return exit_code_; }
  // When advance() has something to do again that only time brings; at most `latest`.
  [[nodiscard]] Clock::time_point next(Clock::time_point latest) const;

 private:
  [[nodiscard]] bool only_broker_is_left() const;
  void start_in_turn(Instance& instance);
  void start(Instance& instance);
  void become_ready(Instance& instance);
  void looked(Instance& instance, int status);
  void report_late(Instance& instance, Clock::time_point now);
  void ended(Instance& instance, int status);
  void clear_up_after(Instance& instance);
  void back_off(Instance& instance, Clock::time_point now, const std::string& why);
  void advance_stop(Instance& instance, Clock::time_point now);
  void kill_now(Instance& instance, const std::string& what);
  void read_output(Instance& instance);
  void publish() { publisher_.publish(instances_); }

  std::vector<Instance>& instances_;
  Launcher& launcher_;
  Publisher& publisher_;
  Printer& printer_;
  Guardian& guardian_;
  bool stopping_ = false;
  int exit_code_ = 0;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace tutti::engines
