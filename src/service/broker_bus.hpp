// The bus over a broker, chosen by the setting tutti.broker.uri: events reach other processes, wait for handlers that
// are away, and are tried again and given up through queues (docs/adr/0015).
#pragma once

#include <memory>

#include "bus/link.hpp"
#include "service/bus.hpp"

namespace tutti::detail {

// Throws tutti::Error(failed_precondition) for settings that cannot be used. Connects when it is started or needed.
[[nodiscard]] std::unique_ptr<Bus> broker_bus(Host& host);

// How the settings say to connect; the broker lists the connection as "<services> (<purpose>)". Throws as broker_bus().
[[nodiscard]] bus::LinkRules broker_link_rules(Host& host, const char* purpose);

}  // namespace tutti::detail
