// The bus over a broker, chosen by the setting tutti.broker.uri: events reach other processes, wait for handlers that are
// away, and are tried again and given up through queues (docs/adr/0015).
#pragma once

#include <memory>

#include "service/bus.hpp"

namespace tutti::detail {

// Throws tutti::Error(failed_precondition) for settings that cannot be used. Connects when it is started or needed.
[[nodiscard]] std::unique_ptr<Bus> broker_bus(Host& host);

}  // namespace tutti::detail
