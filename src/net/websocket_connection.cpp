#include "net/websocket_connection.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "net/websocket_server_core.hpp"

namespace tutti::net {
namespace {

namespace close_code = wire::websocket::close_code;
using wire::websocket::Opcode;

constexpr int reads_per_turn_max = 8;
constexpr std::size_t parts_max = 16;                                             // frames in one system call
constexpr std::chrono::nanoseconds retry_pause = std::chrono::milliseconds(100);  // when no fiber is to be had

WebSocketMessage::Frame control_frame(Opcode opcode, std::string_view payload) {
  std::string frame;
  wire::websocket::append_frame(frame, {.opcode = opcode}, payload);
  return std::make_shared<const std::string>(std::move(frame));
}

}  // namespace

WebSocketConnection::WebSocketConnection(WebSocketServerCore& server, Upgraded upgraded, const WebSocketRules& rules,
                                         std::unique_ptr<WebSocketSession> session)
    : server_(server),
      connection_(std::move(upgraded.connection)),
      session_(std::move(session)),
      rules_(rules),
      reader_(wire::websocket::Sender::client,
              {.frame_bytes_max = server.limits().message_bytes_max,
               .message_bytes_max = server.limits().message_bytes_max},
              rules.compression ? &server.inflater() : nullptr),
      kept_(std::move(upgraded.received)),
      timer_(
          [](void* self) noexcept {
            auto* const connection = static_cast<WebSocketConnection*>(self);
            connection->kill_if_it_fails([connection] { connection->on_timer(); });
          },
          this) {
  if (!upgraded.unsent.empty()) push(std::make_shared<const std::string>(std::move(upgraded.unsent)), What::control);
}

WebSocketConnection::~WebSocketConnection() = default;

void WebSocketConnection::begin() {
  heard_ = messaged_ = server_.shard().now();
  connection_->watch(this);
  server_.schedule(*this);
}

template <class F>
void WebSocketConnection::kill_if_it_fails(F what) noexcept {
  try {
    what();
  } catch (...) {
    in_turn_ = false;
    lost();
    waiting_.clear();
    if (!busy_) end_soon();
  }
}

// The session is still told, on a fiber.
void WebSocketConnection::end_soon() noexcept {
  try {
    if (session_opened_) return server_.schedule(*this);
  } catch (...) {
    // There is no memory for that either.
  }
  server_.remove(*this);
}

void WebSocketConnection::kill() noexcept {
  lost();
  waiting_.clear();
  if (busy_) return fiber_.cancel();
  server_.remove(*this);
}

void WebSocketConnection::stop() {
  end_when_handled({.code = close_code::going_away, .reason = "the service stops", .heard = false});
  server_.schedule(*this);
}

// ---- the loop's side ---------------------------------------------------------------------------------------------

void WebSocketConnection::on_ready(world::Ready ready) {
  if (ready.readable || ready.hung_up) readable_ = true;
  if (ready.writable || ready.hung_up) writable_ = true;
  if (ready.hung_up) hung_up_ = true;
  kill_if_it_fails([this] { turn(); });
}

void WebSocketConnection::next_turn() noexcept {
  kill_if_it_fails([this] { turn(); });
}

void WebSocketConnection::turn() {
  in_turn_ = true;
  read();
  serve();
  if (ending_ && !busy_ && waiting_.empty()) begin_close(ending_->code, ending_->reason);
  write();
  serve();  // writing may have found the client gone
  in_turn_ = false;
  if (done()) return server_.remove(*this);
  if (may_read() && (readable_ || !kept_.empty())) server_.schedule(*this);  // others first
  arm_timer();
}

bool WebSocketConnection::may_read() const noexcept {
  switch (phase_) {
    case Phase::open:
      return !ending_ && waiting_.size() < server_.limits().messages_waiting_max;
    case Phase::closing:
      return !client_closed_;
    case Phase::lingering:
      return true;
    case Phase::gone:
      return false;
  }
  return false;
}

void WebSocketConnection::read() {
  for (int count = 0; count < reads_per_turn_max && may_read(); ++count) {
    if (!kept_.empty()) {
      const std::string bytes = std::exchange(kept_, {});
      take_bytes(bytes);
    } else if (readable_) {
      read_once();
    } else {
      return;
    }
  }
}

void WebSocketConnection::read_once() {
  const std::span<char> buffer = server_.read_buffer();
  const world::Transfer moved = connection_->read(std::as_writable_bytes(buffer));
  switch (moved.outcome) {
    case world::Outcome::done:
      if (moved.bytes < buffer.size() && !hung_up_) readable_ = false;  // drained: the next bytes are told
      heard_ = server_.shard().now();
      pinged_ = Instant::never();
      return take_bytes({buffer.data(), moved.bytes});
    case world::Outcome::again:
      readable_ = false;
      return;
    case world::Outcome::closed:
    case world::Outcome::failed:
      return lost();
  }
}

void WebSocketConnection::take_bytes(std::string_view bytes) {
  while (!bytes.empty() && may_read() && phase_ != Phase::lingering) {
    wire::websocket::ReadStep step = reader_.next(bytes);
    bytes.remove_prefix(step.consumed);
    take_step(step);
  }
  if (phase_ == Phase::open) kept_ = bytes;
}

void WebSocketConnection::take_step(wire::websocket::ReadStep& step) {
  using State = wire::websocket::ReadStep::State;
  switch (step.state) {
    case State::need_more:
      return;
    case State::message:
      if (phase_ != Phase::open) return;  // we have said that we read no more
      ++server_.counting().received;
      messaged_ = server_.shard().now();
      waiting_.push_back({step.kind, std::move(step.message)});
      return;
    case State::ping:
      if (phase_ != Phase::open) return;
      pong_.clear();
      wire::websocket::append_frame(pong_, {.opcode = Opcode::pong}, step.control);
      return;
    case State::pong:
      return;  // that it was heard is enough
    case State::close:
      return end_when_handled({.code = step.code, .reason = std::string(step.control), .heard = true});
    case State::refused:
      return end_when_handled({.code = step.code, .reason = std::string(step.reason), .heard = true});
  }
}

// ---- the session --------------------------------------------------------------------------------------------------

bool WebSocketConnection::session_waits() const noexcept {
  return !session_opened_ || !waiting_.empty() || (over_ && !session_closed_);
}

void WebSocketConnection::serve() {
  if (busy_ || !session_waits()) return;
  busy_ = true;
  try {
    server_.shard().enter(
        {.name = "websocket", .handle = &fiber_},
        [](void* self) { static_cast<WebSocketConnection*>(self)->serve_on_fiber(); }, this);
  } catch (const std::exception& error) {
    // No fiber is to be had, or the shard ends. A session that has begun will be told when there is one.
    busy_ = false;
    waiting_.clear();
    if (!std::exchange(session_opened_, true)) session_closed_ = true;
    begin_close(close_code::try_again_later, error.what());
    timer_.arm(server_.shard().timers(), server_.shard().now() + retry_pause);
  }
}

void WebSocketConnection::serve_on_fiber() noexcept {
  try {
    tell_session();
  } catch (...) {
    give_session_up();
  }
  busy_ = false;
  if (in_turn_) return;
  if (done()) return server_.remove(*this);
  kill_if_it_fails([this] { server_.schedule(*this); });  // what was sent leaves, and reading goes on
}

void WebSocketConnection::tell_session() {
  if (!std::exchange(session_opened_, true)) session_->opened(*this);
  while (!waiting_.empty()) {
    Received first = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    session_->received(first.kind, std::move(first.message));
  }
  if (over_ && !std::exchange(session_closed_, true)) session_->closed(code_, reason_);
}

// Out of memory.
void WebSocketConnection::give_session_up() noexcept {
  lost();
  waiting_.clear();
  if (std::exchange(session_closed_, true)) return;
  try {
    session_->closed(code_, reason_);
  } catch (...) {
    // It has done what it could.
  }
}

// ---- sending --------------------------------------------------------------------------------------------------------

void WebSocketConnection::send(WebSocketMessage& message) {
  if (phase_ != Phase::open) return;
  WebSocketMessage::Frame frame = server_.frame_of(message, rules_.compression);
  if (!make_room(frame->size())) return;
  const std::size_t bytes = frame->size();
  push(std::move(frame), What::message);
  queued_bytes_ += bytes;
  ++server_.counting().sent;
  messaged_ = server_.shard().now();
  if (!in_turn_) server_.schedule(*this);
}

void WebSocketConnection::push(WebSocketMessage::Frame frame, What what) { queue_.push_back({std::move(frame), what}); }

// False: the client is too slow and is closed for it. A message that is larger than the queue goes into an empty one.
bool WebSocketConnection::make_room(std::size_t bytes) {
  const std::size_t limit = server_.limits().queue_bytes_max;
  const auto fits = [&] { return queued_bytes_ == 0 || queued_bytes_ + bytes <= limit; };
  if (fits()) return true;
  while (write_some()) {
  }
  if (phase_ != Phase::open) return false;
  if (fits()) return true;
  if (rules_.when_full == WhenFull::drop_oldest) {
    drop_messages(bytes);
    return true;
  }
  ++server_.counting().overflowed;
  drop_messages(limit);
  begin_close(close_code::policy_violation, "the client does not take its messages");
  return false;
}

void WebSocketConnection::drop_messages(std::size_t bytes_wanted) {
  const std::size_t limit = server_.limits().queue_bytes_max;
  std::size_t kept = first_;
  for (std::size_t at = first_; at < queue_.size(); ++at) {
    const bool begun = at == first_ && sent_ != 0;  // its rest must leave
    const bool needed = queued_bytes_ != 0 && queued_bytes_ + bytes_wanted > limit;
    if (queue_[at].what == What::message && !begun && needed) {
      queued_bytes_ -= queue_[at].frame->size();
      ++server_.counting().dropped;
      continue;
    }
    if (kept != at) queue_[kept] = std::move(queue_[at]);
    ++kept;
  }
  queue_.resize(kept);
}

void WebSocketConnection::write() {
  if (phase_ == Phase::gone || phase_ == Phase::lingering) return;
  if (!pong_.empty() && sent_ == 0) {
    queue_.insert(queue_.begin() + static_cast<std::ptrdiff_t>(first_),
                  {std::make_shared<const std::string>(std::exchange(pong_, {})), What::control});
  }
  while (write_some()) {
  }
  if (phase_ == Phase::closing && client_closed_ && queue_empty()) linger();
}

bool WebSocketConnection::write_some() {
  if (!writable_ || queue_empty()) return false;
  std::array<std::span<const std::byte>, parts_max> parts;
  std::size_t count = 0;
  for (std::size_t at = first_; at < queue_.size() && count < parts_max; ++at, ++count) {
    parts[count] = std::as_bytes(std::span(*queue_[at].frame)).subspan(count == 0 ? sent_ : 0);
  }
  const world::Transfer moved = connection_->write(std::span<const std::span<const std::byte>>(parts.data(), count));
  if (moved.outcome == world::Outcome::again) {
    writable_ = false;
    return false;
  }
  if (moved.outcome != world::Outcome::done) {
    lost();
    return false;
  }
  drop_written(moved.bytes);
  return true;
}

void WebSocketConnection::drop_written(std::size_t bytes) {
  while (bytes != 0) {
    Queued& first = queue_[first_];
    const std::size_t left = first.frame->size() - sent_;
    if (bytes < left) {
      sent_ += bytes;
      return;
    }
    bytes -= left;
    sent_ = 0;
    if (first.what == What::message) queued_bytes_ -= first.frame->size();
    first.frame.reset();
    ++first_;
  }
  if (!queue_empty()) return;
  first_ = 0;
  if (queue_.capacity() > parts_max) {
    std::vector<Queued>().swap(queue_);
  } else {
    queue_.clear();
  }
}

// ---- the end --------------------------------------------------------------------------------------------------------

void WebSocketConnection::close(std::uint16_t code, std::string_view reason) {
  if (phase_ != Phase::open) return;
  waiting_.clear();
  begin_close(code, reason);
}

void WebSocketConnection::end_when_handled(Ending ending) {
  client_closed_ = client_closed_ || ending.heard;
  if (phase_ == Phase::open && !ending_) ending_ = std::move(ending);
}

void WebSocketConnection::begin_close(std::uint16_t code, std::string_view reason) {
  if (phase_ != Phase::open) return;
  phase_ = Phase::closing;
  kept_.clear();
  code_ = code;
  reason_ = reason;
  over_ = true;
  deadline_ = server_.shard().now() + server_.limits().close_timeout;
  std::string frame;
  wire::websocket::append_close(frame, code, reason);
  push(std::make_shared<const std::string>(std::move(frame)), What::close);
  if (!in_turn_) server_.schedule(*this);
}

// The server ends the connection first (section 7.1.1), but what it has not read would turn that into a reset.
void WebSocketConnection::linger() {
  phase_ = Phase::lingering;
  connection_->shutdown_write();
  deadline_ = server_.shard().now() + server_.limits().close_timeout;
  server_.schedule(*this);
}

void WebSocketConnection::lost() noexcept {
  if (phase_ == Phase::gone) return;
  if (!std::exchange(over_, true)) code_ = ending_ && ending_->heard ? ending_->code : close_code::abnormal;
  phase_ = Phase::gone;
  connection_.reset();
  timer_.cancel();
  kept_.clear();
  queue_.clear();
  first_ = sent_ = queued_bytes_ = 0;
}

// ---- time -----------------------------------------------------------------------------------------------------------

Instant WebSocketConnection::next_due() const noexcept {
  if (phase_ == Phase::gone) return Instant::never();
  if (phase_ != Phase::open) return deadline_;
  const WebSocketLimits& limits = server_.limits();
  Instant due = Instant::never();
  if (pinged_ != Instant::never()) {
    due = pinged_ + limits.pong_timeout;
  } else if (limits.ping_interval.count() != 0) {
    due = heard_ + limits.ping_interval;
  }
  if (limits.idle_timeout.count() != 0) due = std::min(due, messaged_ + limits.idle_timeout);
  return due;
}

// Armed earlier is good enough: on_timer looks again. So a busy connection arms its timer once per interval.
void WebSocketConnection::arm_timer() {
  const Instant due = next_due();
  if (due != Instant::never() && (!timer_.armed() || timer_.when() > due)) timer_.arm(server_.shard().timers(), due);
}

void WebSocketConnection::on_timer() {
  const Instant now = server_.shard().now();
  // The handler is behind: what the client has to say is not read, so silence means nothing.
  if (phase_ == Phase::open && !may_read()) {
    heard_ = now;
    pinged_ = Instant::never();
  }
  if (now >= next_due()) {
    if (phase_ != Phase::open) {
      connection_->reset();
      lost();
    } else if (pinged_ != Instant::never() && now >= pinged_ + server_.limits().pong_timeout) {
      lost();
    } else if (server_.limits().idle_timeout.count() != 0 && now >= messaged_ + server_.limits().idle_timeout) {
      begin_close(close_code::going_away, "nothing was said for too long");
    } else {
      push(control_frame(Opcode::ping, {}), What::control);
      pinged_ = now;
    }
  }
  turn();
}

}  // namespace tutti::net
