// The AMQP server of a broker: a listener and its connections, all on one shard.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "broker/server/broker.hpp"
#include "broker/session/session.hpp"
#include "net/tls.hpp"
#include "runtime/shard.hpp"
#include "world/network.hpp"

namespace tutti::broker {

struct ServerRules {
  world::Address listen;
  net::TlsServer* tls = nullptr;  // null: none; it outlives the server
  world::Address tls_listen = {};
  std::size_t connections_max = 10'000;
  SessionLimits limits = {};
};

class Server {
 public:
  virtual ~Server() = default;
  [[nodiscard]] virtual world::Address address() const = 0;
  [[nodiscard]] virtual std::optional<world::Address> tls_address() const = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
  // Tells all clients, and waits until they have gone or until then.
  virtual void stop(Instant until) = 0;
};

// Throws tutti::Error if it cannot listen there.
[[nodiscard]] std::unique_ptr<Server> serve(runtime::Shard& shard, Broker& broker, const ServerRules& rules);

}  // namespace tutti::broker
