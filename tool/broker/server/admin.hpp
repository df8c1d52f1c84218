// The admin listener of a broker: health, metrics and listings over HTTP, GET only. Nobody is asked who he is, and
// nothing can be changed; it is on loopback unless told otherwise.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "broker/server/server.hpp"
#include "net/http_server.hpp"

namespace tutti::broker {

class Admin {
 public:
  virtual ~Admin() = default;
  [[nodiscard]] virtual world::Address address() const = 0;
};

// `server` is what serve() returned, and outlives this. Throws tutti::Error if it cannot listen there.
[[nodiscard]] std::unique_ptr<Admin> serve_admin(runtime::Shard& shard, Server& server, const world::Address& listen);

// Asks the admin listener of a running broker for a path. Blocks. Throws std::runtime_error with a sentence if nobody
// answers, or no broker does.
[[nodiscard]] std::string ask_admin(const world::Address& address, std::string_view path);

}  // namespace tutti::broker
