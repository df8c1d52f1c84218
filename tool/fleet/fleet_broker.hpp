// The message broker that a fleet brings along: `tutti broker` as one more service of the desired state, for those
// services that no setting sends to another one. So a service that announces or hears events needs no broker of its
// own, and gets another one by its URI.
#pragma once

#include <optional>

#include "fleet/desired_state.hpp"
#include "fleet/value.hpp"

namespace tutti::fleet {

inline constexpr const char* broker_name = "broker";

// x-tutti.broker of the fleet file. Nothing: not written.
[[nodiscard]] std::optional<Value> wanted_broker(const Value& root);

// Unless `wanted` is false: adds it in front of the others if a service with a binary names no broker (if `wanted` is
// true, in any case), and marks who is given its URI. Throws Refusal.
void add_broker(DesiredState& state, const std::optional<Value>& wanted);

}  // namespace tutti::fleet
