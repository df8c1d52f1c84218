// Outgoing connections for fibers: a byte stream whose reads and writes wait, plain or TLS.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/shard.hpp"
#include "world/network.hpp"

namespace tutti::net {

class TlsClient;  // net/tls.hpp

// Used by one fiber at a time for reading and one for writing. Every wait ends with the fiber's deadline.
class FiberStream {
 public:
  virtual ~FiberStream() = default;  // closes
  // 0 at the end. Throws tutti::Error(unavailable) if the connection breaks.
  [[nodiscard]] virtual std::size_t read(std::span<std::byte> into) = 0;
  virtual void write(std::string_view bytes) = 0;
  virtual void write(std::span<const std::span<const std::byte>> parts) = 0;
  virtual void shutdown_write() = 0;
  // Whether the peer has closed or sent something unasked: such a connection is not taken from a pool again. Does not
  // wait.
  [[nodiscard]] virtual bool quiet() = 0;
  [[nodiscard]] virtual world::Address peer() const = 0;
};

// Waits until connected (and shaken hands, with TLS; server_name is verified). Throws tutti::Error: unavailable with
// the address and the reason, deadline_exceeded.
[[nodiscard]] std::unique_ptr<FiberStream> connect(runtime::Shard& shard, const world::Address& to,
                                                   TlsClient* tls = nullptr, std::string_view server_name = {});

}  // namespace tutti::net
