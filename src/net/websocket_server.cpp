#include "net/websocket_server.hpp"

#include <algorithm>

#include "net/websocket_server_core.hpp"

namespace tutti::net {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::size_t turns_max = 256;  // connections at once; then the loop looks at the others

}  // namespace

WebSocketServerCore::WebSocketServerCore(runtime::Shard& shard, const WebSocketLimits& limits)
    : shard_(shard),
      limits_(limits),
      turn_([](void* self) noexcept { static_cast<WebSocketServerCore*>(self)->run_scheduled(); }, this) {}

WebSocketServerCore::~WebSocketServerCore() {
  each([](WebSocketConnection& connection) { connection.kill(); });
  // Handlers that were cancelled end on their own; what they refer to must stay until then.
  while (first_ != nullptr) {
    runtime::Parker gone;
    all_gone_ = &gone;
    gone.park_uninterrupted();
    all_gone_ = nullptr;
  }
}

template <class F>
void WebSocketServerCore::each(F what) {
  for (WebSocketConnection* connection = first_; connection != nullptr;) {
    WebSocketConnection* const next = connection->next;
    what(*connection);
    connection = next;
  }
}

void WebSocketServerCore::take(Upgraded upgraded, const WebSocketRules& rules,
                               std::unique_ptr<WebSocketSession> session) {
  if (read_buffer_.empty()) read_buffer_.resize(read_bytes);
  auto connection = std::make_unique<WebSocketConnection>(*this, std::move(upgraded), rules, std::move(session));
  connection->begin();
  WebSocketConnection* const made = connection.release();
  made->next = first_;
  if (first_) first_->previous = made;
  first_ = made;
  ++counts_.connections;
  ++counts_.opened;
  if (stopping_) made->stop();
}

wire::websocket::Inflater& WebSocketServerCore::inflater() {
  if (!inflater_) inflater_ = std::make_unique<wire::websocket::Inflater>();
  return *inflater_;
}

WebSocketMessage::Frame WebSocketServerCore::frame_of(WebSocketMessage& message,
                                                      const std::optional<wire::websocket::Compression>& compression) {
  using namespace wire::websocket;
  if (!message.plain_) {
    std::string frame;
    append_frame(frame, {.opcode = Opcode::text}, message.text_);
    message.plain_ = std::make_shared<const std::string>(std::move(frame));
  }
  if (!compression || message.text_.size() < limits_.compressed_bytes_min) return message.plain_;
  const auto bits = static_cast<std::size_t>(compression->window_bits);
  WebSocketMessage::Frame& compressed = message.compressed_[bits];
  if (!compressed) {
    auto& deflater = deflaters_[bits];
    if (!deflater) deflater = std::make_unique<Deflater>(compression->window_bits);
    std::string payload, frame;
    deflater->deflate(message.text_, payload);
    append_frame(frame, {.opcode = Opcode::text, .compressed = true}, payload);
    compressed =
        payload.size() < message.text_.size() ? std::make_shared<const std::string>(std::move(frame)) : message.plain_;
  }
  return compressed;
}

void WebSocketServerCore::schedule(WebSocketConnection& connection) {
  if (connection.scheduled) return;
  scheduled_.push_back(&connection);
  connection.scheduled = true;
  if (!turn_.armed()) turn_.arm(shard_.timers(), shard_.now());
}

void WebSocketServerCore::run_scheduled() noexcept {
  for (std::size_t count = 0; scheduled_at_ < scheduled_.size() && count < turns_max; ++count) {
    WebSocketConnection* const connection = scheduled_[scheduled_at_++];
    if (connection == nullptr) continue;
    connection->scheduled = false;
    connection->next_turn();
  }
  if (scheduled_at_ < scheduled_.size()) return turn_.arm(shard_.timers(), shard_.now());
  scheduled_.clear();
  scheduled_at_ = 0;
}

void WebSocketServerCore::remove(WebSocketConnection& connection) noexcept {
  if (connection.scheduled)
    *std::find(scheduled_.begin() + static_cast<std::ptrdiff_t>(scheduled_at_), scheduled_.end(), &connection) =
        nullptr;
  if (connection.previous) {
    connection.previous->next = connection.next;
  } else {
    first_ = connection.next;
  }
  if (connection.next) connection.next->previous = connection.previous;
  --counts_.connections;
  delete &connection;
  if (counts_.connections == 0 && all_gone_) all_gone_->unpark();
}

void WebSocketServerCore::stop() {
  stopping_ = true;
  each([](WebSocketConnection& connection) { connection.stop(); });
}

bool WebSocketServerCore::drain(Instant until) {
  while (counts_.connections != 0) {
    runtime::Parker gone;
    all_gone_ = &gone;
    const bool in_time = gone.park(until, "WebSockets to close");
    all_gone_ = nullptr;
    if (!in_time) return counts_.connections == 0;
  }
  return true;
}

std::unique_ptr<WebSocketServer> serve_websockets(runtime::Shard& shard, const WebSocketLimits& limits) {
  return std::make_unique<WebSocketServerCore>(shard, limits);
}

}  // namespace tutti::net
