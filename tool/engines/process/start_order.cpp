#include "engines/process/start_order.hpp"

namespace tutti::engines {
namespace {

using fleet::Condition;
using fleet::Dependency;

Turn turn_by(const Dependency& d, const Instance& other) {
  const bool ended = other.state == State::ended;
  switch (d.condition) {
    case Condition::started:
      return other.pid > 0 || ended || other.restarts > 0 ? Turn::now : Turn::later;
    case Condition::healthy:
      if (other.state == State::ready) return Turn::now;
      return !ended ? Turn::later : d.required ? Turn::never : Turn::now;
    case Condition::completed:
      if (ended && other.succeeded) return Turn::now;
      return !ended ? Turn::later : d.required ? Turn::never : Turn::now;
  }
  return Turn::later;
}

bool depends_on(const Instance& instance, const Instance& other) {
  for (const Dependency& d : instance.service.depends_on)
    if (d.service == other.service.name) return true;
  return false;
}

}  // namespace

StartTurn start_turn(const Instance& instance, std::span<const Instance> all) {
  StartTurn out;
  for (const Dependency& d : instance.service.depends_on)
    for (const Instance& other : all) {
      if (other.service.name != d.service) continue;
      const Turn turn = turn_by(d, other);
      if (turn == Turn::never) return {Turn::never, other.speaker.label};
      if (turn == Turn::later && out.turn == Turn::now) out = {Turn::later, other.speaker.label};
    }
  return out;
}

bool may_stop(const Instance& instance, std::span<const Instance> all) {
  for (const Instance& other : all)
    if (other.pid > 0 && depends_on(other, instance)) return false;
  return true;
}

std::string who_waits_for(const Instance& instance, std::span<const Instance> all) {
  std::string out;
  for (const Instance& other : all)
    if (other.state == State::waiting && depends_on(other, instance))
      out += (out.empty() ? "" : ", ") + other.speaker.label;
  return out;
}

}  // namespace tutti::engines
