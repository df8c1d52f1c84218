// One entry of a service's `ports`, short ("127.0.0.1:8080:80/tcp") or long, as a published port.
#pragma once

#include <string>
#include <vector>

#include "fleet/desired_state.hpp"
#include "fleet/value.hpp"

namespace tutti::fleet {

[[nodiscard]] PublishedPort published_port(const Value& value, const std::string& what,
                                           std::vector<std::string>& ignored);
// A port has room for one instance, a range for as many as it is wide; throws Refusal if the replicas need more.
void check_room(const DesiredService& service);
// Two instances of the fleet cannot listen on one port; throws Refusal that names both places.
void check_clashes(const std::vector<DesiredService>& services);

}  // namespace tutti::fleet
