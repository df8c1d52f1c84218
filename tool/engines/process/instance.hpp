// One running copy of a service, as the engine sees it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "engines/process/addresses.hpp"
#include "engines/process/back_off.hpp"
#include "engines/process/environment.hpp"
#include "engines/process/health.hpp"
#include "engines/process/output.hpp"
#include "fleet/desired_state.hpp"

namespace tutti::engines {

enum class State {
  waiting,   // for what it depends on
  starting,  // runs and is not ready (yet, or any more)
  ready,
  backing_off,  // has died and will be started again
  stopping,
  ended,
};

struct Instance {
  const fleet::DesiredService& service;
  unsigned number = 0;  // from 0, among the replicas
  Speaker speaker = {};
  std::string program = {};
  State state = State::waiting;
  pid_t pid = -1;
  bool succeeded = false;  // ended: with 0
  bool killed = false;
  int restarts = 0;
  Clock::time_point started = {}, restart_at = {}, kill_at = {};
  Addresses addresses = {};
  Environment environment = {};
  Health health = {};
  Output output = {};
  BackOff back_off = {};
};

}  // namespace tutti::engines
