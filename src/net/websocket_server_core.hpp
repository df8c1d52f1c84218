// What the WebSockets of one shard share: limits, the buffer that is read into, zlib's states, counts, and the list of
// those that have something to do in the next turn.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "net/websocket_connection.hpp"
#include "net/websocket_server.hpp"
#include "runtime/parker.hpp"
#include "runtime/timers.hpp"

namespace tutti::net {

class WebSocketServerCore final : public WebSocketServer {
 public:
  WebSocketServerCore(runtime::Shard& shard, const WebSocketLimits& limits);
  ~WebSocketServerCore() override;

  bool takes_more() const override { return !stopping_ && counts_.connections < limits_.connections_max; }
  void take(Upgraded upgraded, const WebSocketRules& rules, std::unique_ptr<WebSocketSession> session) override;
  WebSocketCounts counts() const override { return counts_; }
  void stop() override;
  bool drain(Instant until) override;

  [[nodiscard]] runtime::Shard& shard() noexcept { return shard_; }
  [[nodiscard]] const WebSocketLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] std::span<char> read_buffer() noexcept { return read_buffer_; }
  [[nodiscard]] WebSocketCounts& counting() noexcept { return counts_; }
  [[nodiscard]] wire::websocket::Inflater& inflater();
  [[nodiscard]] WebSocketMessage::Frame frame_of(WebSocketMessage& message,
                                                 const std::optional<wire::websocket::Compression>& compression);
  // Its next_turn() is called in the next turn, once however often this is asked.
  void schedule(WebSocketConnection& connection);
  void remove(WebSocketConnection& connection) noexcept;  // destroys it

 private:
  void run_scheduled() noexcept;
  template <class F>
  void each(F what);

  runtime::Shard& shard_;
  const WebSocketLimits limits_;
  WebSocketCounts counts_;
  std::vector<char> read_buffer_;
  std::unique_ptr<wire::websocket::Inflater> inflater_;
  std::array<std::unique_ptr<wire::websocket::Deflater>, wire::websocket::window_bits_max + 1> deflaters_;
  WebSocketConnection* first_ = nullptr;
  std::vector<WebSocketConnection*> scheduled_;  // null: gone in between
  std::size_t scheduled_at_ = 0;                 // those before have had their turn
  runtime::Timer turn_;
  runtime::Parker* all_gone_ = nullptr;
  bool stopping_ = false;
};

}  // namespace tutti::net
