// The WebSockets of a shard: connections that have left HTTP, each with the session that its messages mean something
// to. An idle one has no fiber and no buffer; what a client sends is handled on a fiber of its connection, one message
// after the other, and read no further than the handler keeps up with. What is sent is queued, framed once for all that
// it goes to, and leaves with the turn; the queue is bounded, and each connection says what becomes of a client that is
// too slow.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_server.hpp"
#include "net/peer.hpp"
#include "runtime/shard.hpp"
#include "wire/websocket/compression.hpp"
#include "wire/websocket/message_reader.hpp"

namespace tutti::net {

// Reported in docs/reference/settings.md as tutti.websocket.*
struct WebSocketLimits {
  std::size_t connections_max = 10'000;
  std::size_t message_bytes_max = 64 * 1024;  // of a client's message; over it 1009
  std::size_t messages_waiting_max = 16;      // of a connection, read ahead of the handler; more wait in the kernel
  std::size_t queue_bytes_max = 256 * 1024;   // of a connection, sent and not taken by the client; then WhenFull
  std::size_t compressed_bytes_min = 256;     // shorter ones leave as they are
  std::chrono::nanoseconds ping_interval =
      std::chrono::seconds(20);  // after so long without a sign of the client; 0: never
  std::chrono::nanoseconds pong_timeout = std::chrono::seconds(20);  // then without an answer: the client is gone, 1006
  std::chrono::nanoseconds idle_timeout{0};                          // without a message of either side: 1001; 0: never
  std::chrono::nanoseconds close_timeout = std::chrono::seconds(5);  // for the client's answer to a close: reset
};

// What becomes of a client that does not take its messages.
enum class WhenFull : std::uint8_t { close, drop_oldest };

// One text to one client or many: encoded by the caller, framed once, compressed once per size of window.
class WebSocketMessage {
 public:
  using Frame = std::shared_ptr<const std::string>;
  explicit WebSocketMessage(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  friend class WebSocketServerCore;
  std::string text_;
  Frame plain_;
  std::array<Frame, wire::websocket::window_bits_max + 1> compressed_;  // by bits of the window
};

// A connection as its session sees it.
class WebSocket {
 public:
  // Queues it; nothing once the connection is closing. Does not wait and does not call back.
  virtual void send(WebSocketMessage& message) = 0;
  // What is queued leaves before the close frame; what has come and was not handled is dropped. The session is told.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;

 protected:
  ~WebSocket() = default;
};

// What a connection's messages mean; the connection owns it. All are called on the connection's fiber, one after the
// other; they may wait; what they throw ends the connection.
class WebSocketSession {
 public:
  virtual ~WebSocketSession() = default;
  virtual void opened(WebSocket& socket) = 0;  // first
  virtual void received(wire::websocket::MessageKind kind, std::string message) = 0;
  // Last, with the code of whoever closed first; 1006 if the connection broke. Left out if the server is destroyed
  // first.
  virtual void closed(std::uint16_t code, std::string_view reason) = 0;
};

struct WebSocketRules {
  std::optional<wire::websocket::Compression> compression = {};
  WhenFull when_full = WhenFull::close;
};

// Reported as metrics (tutti.websocket.*).
struct WebSocketCounts {
  std::size_t connections = 0;
  std::uint64_t opened = 0;
  std::uint64_t received = 0;    // messages
  std::uint64_t sent = 0;        // messages, per connection; queued
  std::uint64_t dropped = 0;     // of those: not sent, as the client was too slow
  std::uint64_t overflowed = 0;  // connections closed for that
};

// Stopping, in this order: stop(), drain(until), destructor.
class WebSocketServer {
 public:
  virtual ~WebSocketServer() = default;               // resets what is left; handlers are cancelled and awaited
  [[nodiscard]] virtual bool takes_more() const = 0;  // false: full, or stopping
  virtual void take(Upgraded upgraded, const WebSocketRules& rules, std::unique_ptr<WebSocketSession> session) = 0;
  [[nodiscard]] virtual WebSocketCounts counts() const = 0;
  // Every client is told to go (1001) once what it has sent is handled.
  virtual void stop() = 0;
  // Waits (on a fiber) until no connection is left, at most until `until`; true if so.
  [[nodiscard]] virtual bool drain(Instant until) = 0;
};

[[nodiscard]] std::unique_ptr<WebSocketServer> serve_websockets(runtime::Shard& shard, const WebSocketLimits& limits);

}  // namespace tutti::net
