// Who listens on a port, by /proc: the socket's inode in net/tcp, then whose descriptor it is.
#pragma once

#include <cstdint>
#include <string>

namespace tutti::engines {

// ""python3" (pid 4711)"; empty if it cannot be seen, as another user's process cannot.
[[nodiscard]] std::string port_owner(std::uint16_t port);

}  // namespace tutti::engines
