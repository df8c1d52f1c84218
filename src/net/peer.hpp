// Who is at the other end of a connection, as far as the transport knows.
#pragma once

#include <optional>
#include <string>

#include "world/network.hpp"

namespace tutti::net {

struct Peer {
  world::Address address;
  std::optional<world::PeerCredential> credential;  // Unix sockets
  std::string certificate_name;                     // TLS with a client certificate; empty: none
  bool encrypted = false;
};

}  // namespace tutti::net
