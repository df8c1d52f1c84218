// The MessagePack-RPC server of one shard, over TCP and Unix sockets: many calls on one connection, a fiber each,
// the answers of one turn in one write. What a method means is its RpcService's matter.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/peer.hpp"
#include "runtime/shard.hpp"
#include "wire/msgpack_rpc/message.hpp"

namespace tutti::net {

// Settings under tutti.rpc with the same names.
struct RpcLimits {
  std::size_t connections_max = 10'000;
  std::size_t message_bytes_max = 4 * 1024 * 1024;  // over it the connection is closed after an error that says so
  std::size_t in_flight_max = 1024;                 // per connection; more are not read until some are answered
  std::chrono::nanoseconds idle_timeout = std::chrono::minutes(10);     // without a call: closed
  std::chrono::nanoseconds message_timeout = std::chrono::seconds(10);  // first to last byte of one message
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);
};

// One call and the duty to answer it once. Lives on the call's fiber.
class RpcExchange {
 public:
  [[nodiscard]] virtual std::string_view method() const = 0;  // "payments.charge"
  [[nodiscard]] virtual std::string_view params() const = 0;  // MessagePack: the params array, whole
  [[nodiscard]] virtual const wire::msgpack_rpc::Metadata& metadata() const = 0;  // empty without tutti.hello
  [[nodiscard]] virtual bool notification() const = 0;                            // no answer is wanted
  [[nodiscard]] virtual const Peer& peer() const = 0;
  [[nodiscard]] virtual Instant received() const = 0;
  // `result`: one MessagePack value. Empty: nil.
  virtual void respond(std::string_view result) = 0;
  // `error`: one MessagePack value, the map {code, message, type, value}.
  virtual void fail(std::string_view error) = 0;
  [[nodiscard]] virtual bool answered() const = 0;

 protected:
  ~RpcExchange() = default;
};

class RpcService {
 public:
  virtual ~RpcService() = default;
  // On a fiber of its own; a cancelled call (tutti.cancel, connection lost) cancels the fiber.
  virtual void serve(RpcExchange& exchange) = 0;
};

struct RpcServerCounts {
  std::size_t connections = 0;
  std::size_t in_flight = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused_connections = 0;
};

class RpcServer {
 public:
  virtual ~RpcServer() = default;
  [[nodiscard]] virtual world::Address address() const = 0;
  [[nodiscard]] virtual RpcServerCounts counts() const = 0;
  // The listener closes; peers that said tutti.hello are told `tutti.goodbye` (a notification: no new calls, please),
  // calls that arrive all the same are answered `unavailable`.
  virtual void stop_accepting() = 0;
  [[nodiscard]] virtual bool drain(Instant until) = 0;
};

struct RpcServerRules {
  world::Address listen;
  world::ListenRules listen_rules = {};
  RpcLimits limits = {};
};

[[nodiscard]] std::unique_ptr<RpcServer> serve_rpc(runtime::Shard& shard, RpcService& service,
                                                   const RpcServerRules& rules);

}  // namespace tutti::net
