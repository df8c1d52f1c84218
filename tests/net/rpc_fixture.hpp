// An rpc service for tests of the wire: echoes, waits, counts. What its methods do is in `serve`.
#pragma once

#include <memory>
#include <string>

#include "net/rpc_connection.hpp"
#include "net/rpc_server.hpp"
#include "runtime/on_fiber.hpp"
#include "wire/msgpack_rpc/pack.hpp"

namespace tutti::net::testing {

using namespace std::chrono_literals;
using runtime::testing::code_thrown_by;
using runtime::testing::on_fiber;
namespace rpc = wire::msgpack_rpc;

inline std::string params_of(std::string_view text) {
  std::string out;
  rpc::append_array(out, 1);
  rpc::append_text(out, text);
  return out;
}
inline std::string packed(std::string_view text) {
  std::string out;
  rpc::append_text(out, text);
  return out;
}

class EchoService final : public RpcService {
 public:
  void serve(RpcExchange& exchange) override {
    ++entered;
    const std::string_view method = exchange.method();
    if (method == "echo") {
      exchange.respond(exchange.params().substr(1));
    } else if (method == "slow") {
      try {
        tutti::sleep(1s);
      } catch (const Error& error) {
        if (error.code() == Code::cancelled) ++cancelled;
        throw;
      }
      exchange.respond(exchange.params().substr(1));
    } else if (method == "request_id") {
      exchange.respond(packed(exchange.metadata().request_id));
    } else if (method == "remaining") {
      std::string out;
      rpc::append_unsigned(
          out, exchange.metadata().remaining ? static_cast<std::uint64_t>(exchange.metadata().remaining->count()) : 0);
      exchange.respond(out);
    } else if (method == "large") {
      exchange.respond(packed(std::string(100'000, 'x')));
    } else if (method == "silent") {
    } else {
      throw Error(Code::unimplemented, "no such method");
    }
    ++finished;
  }

  int entered = 0;
  int finished = 0;
  int cancelled = 0;
};

inline world::Address somewhere() { return *world::parse_address("127.0.0.1:7000"); }

// A raw peer: bytes out and in, without knowledge of the protocol.
class RawPeer {
 public:
  RawPeer(runtime::Shard& shard, const world::Address& to) {
    int error = 0;
    connection_ = shard.network().connect(to, error);
    tutti::sleep(10ms);
  }
  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const world::Transfer moved = connection_->write(std::as_bytes(std::span(bytes)));
      if (moved.outcome == world::Outcome::done) {
        bytes.remove_prefix(moved.bytes);
      } else if (moved.outcome == world::Outcome::again) {
        tutti::sleep(1ms);
      } else {
        return;
      }
    }
  }
  // What comes within the time; `ended` tells whether the other side has closed.
  std::string read(std::chrono::nanoseconds within = 50ms) {
    std::string got;
    tutti::sleep(within);
    for (;;) {
      std::array<std::byte, 4096> room;
      const world::Transfer moved = connection_->read(room);
      if (moved.outcome != world::Outcome::done) {
        ended = moved.outcome != world::Outcome::again;
        return got;
      }
      got.append(reinterpret_cast<const char*>(room.data()), moved.bytes);
    }
  }
  void finish_writing() { connection_->shutdown_write(); }
  void reset() { connection_->reset(); }
  void close() { connection_.reset(); }
  bool ended = false;

 private:
  std::unique_ptr<world::Connection> connection_;
};

// The whole messages in these bytes.
inline std::vector<std::string> messages_in(std::string_view bytes) {
  std::vector<std::string> found;
  rpc::MessageScanner scanner;
  while (!bytes.empty() && scanner.scan(bytes) == rpc::MessageScanner::State::complete) {
    found.emplace_back(bytes.substr(0, scanner.bytes()));
    bytes.remove_prefix(scanner.bytes());
    scanner.clear();
  }
  return found;
}

inline std::string request(std::uint32_t id, std::string_view method, std::string_view params) {
  std::string out;
  rpc::append_request(out, id, method, rpc::Trailing::nothing);
  return out += params;
}

}  // namespace tutti::net::testing
