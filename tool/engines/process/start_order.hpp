// Who may start and who may stop, by depends_on alone.
#pragma once

#include <span>
#include <string>

#include "engines/process/instance.hpp"

namespace tutti::engines {

enum class Turn { now, later, never };

struct StartTurn {
  Turn turn = Turn::now;
  std::string because = {};  // later: what it waits for; never: what failed
};

[[nodiscard]] StartTurn start_turn(const Instance& instance, std::span<const Instance> all);
// Once nothing that depends on it runs any more.
[[nodiscard]] bool may_stop(const Instance& instance, std::span<const Instance> all);
// The labels of those that wait for this one, "a, b"; empty: none.
[[nodiscard]] std::string who_waits_for(const Instance& instance, std::span<const Instance> all);

}  // namespace tutti::engines
