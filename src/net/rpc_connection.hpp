// The calling end of MessagePack-RPC: one connection, used by many fibers of its shard at once. A call gets a number,
// its bytes leave with those of the other calls of the turn, and its fiber waits until the answer with that number is
// there. When the connection breaks, each call learns whether its request had left: only one that had not may be
// repeated without asking what it does.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/parker.hpp"
#include "runtime/shard.hpp"
#include "runtime/timers.hpp"
#include "wire/msgpack_rpc/message.hpp"
#include "wire/msgpack_rpc/scanner.hpp"
#include "world/network.hpp"

namespace tutti::net {

enum class RpcGreeting : std::uint8_t {
  hello,  // tutti.hello first; a peer that answers it with an error is spoken to plainly
  plain,  // the specification's four elements, no metadata
};

struct RpcConnectionRules {
  RpcGreeting greeting = RpcGreeting::hello;
  std::string service = {};                                          // our name, told with the hello
  std::chrono::nanoseconds hello_timeout = std::chrono::seconds(1);  // no answer by then: given up
  std::size_t message_bytes_max = 4 * 1024 * 1024;                   // of an answer; over it the connection is given up
};

enum class RpcOutcome : std::uint8_t {
  result,    // `bytes` is the result, one MessagePack value
  error,     // `bytes` is the error element: wire::msgpack_rpc::parse_error
  not_sent,  // the connection is of no use, and the other side has not got the request
  lost,      // the connection broke behind the request: it may have been executed
};

class RpcConnection final : private world::Watcher {
 public:
  // Over a connection that is there or being made (Network::connect). Says hello by itself.
  RpcConnection(runtime::Shard& shard, std::unique_ptr<world::Connection> connection,
                const RpcConnectionRules& rules = {});
  // Throws tutti::Error(unavailable) only if connecting fails at once; else the first call tells.
  [[nodiscard]] static std::unique_ptr<RpcConnection> open(runtime::Shard& shard, const world::Address& to,
                                                           const RpcConnectionRules& rules = {});
  ~RpcConnection();  // calls in flight end: lost or not sent
  RpcConnection(const RpcConnection&) = delete;
  RpcConnection& operator=(const RpcConnection&) = delete;

  // Waits until connected and greeted. False: `until` has passed, or the connection is of no use (see reason()).
  [[nodiscard]] bool wait_until_ready(Instant until);

  // `params`: the MessagePack array, whole. `metadata` travels if the peer said hello; its `remaining` is filled from
  // the deadline. Waits for the answer; `bytes` is replaced. Throws tutti::Error deadline_exceeded (also the fiber's
  // own) and cancelled: then the peer is told tutti.cancel. After not_sent and lost, `bytes` is the reason as a
  // sentence.
  [[nodiscard]] RpcOutcome call(std::string_view method, std::string_view params,
                                const wire::msgpack_rpc::Metadata& metadata, Instant deadline, std::string& bytes);
  // Nobody answers; false: it was not taken, the connection is of no use.
  bool notify(std::string_view method, std::string_view params);

  // New calls may be made here: not lost, and the peer has not said tutti.goodbye.
  [[nodiscard]] bool usable() const noexcept { return connection_ != nullptr && !draining_; }
  [[nodiscard]] bool ready() const noexcept { return usable() && connected_ && greeted_; }
  [[nodiscard]] bool speaks_tutti() const noexcept { return dialect_ == wire::msgpack_rpc::Dialect::tutti; }
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }  // why it is of no use
  [[nodiscard]] world::Address peer() const { return peer_; }

 private:
  struct Pending;

  void on_ready(world::Ready ready) override;
  template <class F>
  void lose_if_it_fails(F what) noexcept;
  void take_note(world::Ready ready);
  void on_timer();
  void read_all();
  [[nodiscard]] std::size_t take(std::string_view data);  // whole messages; how many bytes they were
  void take_message(std::string_view bytes);
  void greeted();
  void miss_hello();
  void flush();
  void flush_later();
  template <class F>
  void append(F write);
  void leave_if_done();
  void lose(std::string reason);
  void number(Pending& pending);
  void forget(Pending& pending) noexcept;
  void link(Pending& pending) noexcept;
  void unlink(Pending& pending) noexcept;

  runtime::Shard& shard_;
  std::unique_ptr<world::Connection> connection_;  // null: lost
  RpcConnectionRules rules_;
  world::Address peer_;
  wire::msgpack_rpc::MessageScanner scanner_;
  wire::msgpack_rpc::Dialect dialect_ = wire::msgpack_rpc::Dialect::plain;
  runtime::Timer hello_timer_;
  runtime::Timer flush_timer_;
  std::string in_;   // the beginning of a message
  std::string out_;  // not yet sent: [sent_, size)
  std::size_t sent_ = 0;
  std::uint64_t taken_bytes_ = 0;  // ever put into out_
  std::uint64_t sent_bytes_ = 0;   // ever given to the network
  std::vector<Pending*> calls_;    // by id modulo its size, a power of two
  Pending* waiting_ = nullptr;     // for the greeting
  std::size_t in_flight_ = 0;
  std::uint32_t next_id_;
  std::string reason_;
  bool connected_ = false;
  bool greeted_ = false;
  bool draining_ = false;
  bool readable_ = false;
  bool hung_up_ = false;
  bool writable_ = false;
};

}  // namespace tutti::net
