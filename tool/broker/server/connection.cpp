#include "broker/server/connection.hpp"

#include <array>
#include <span>
#include <utility>

#include "broker/server/server_core.hpp"

namespace tutti::broker {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;                // at once
constexpr std::size_t reads_per_turn_max = 8;                // of one connection; then others
constexpr std::size_t kept_bytes_max = 256 * 1024;           // a larger buffer is given back when it is empty
constexpr std::size_t answers_bytes_max = 16 * 1024 * 1024;  // unsent: a client that asks and never reads is not read
constexpr std::chrono::nanoseconds open_timeout = std::chrono::seconds(10);  // from connecting to connection.open
constexpr std::chrono::nanoseconds end_timeout = std::chrono::seconds(5);    // for the client to read the last bytes
constexpr int silent_beats_max = 2;                                          // so many heartbeats missed: it is gone

}  // namespace

Connection::Connection(ServerCore& server, std::unique_ptr<world::Connection> connection, const net::TlsConnection* tls,
                       std::uint64_t number)
    : server_(server),
      connection_(std::move(connection)),
      tls_(tls),
      peer_(connection_->peer()),
      session_(server.broker(), server.broker().shared(), server.limits(), *this, number),
      timer_([](void* self) noexcept { static_cast<Connection*>(self)->on_time(); }, this),
      turn_timer_([](void* self) noexcept { static_cast<Connection*>(self)->proceed(); }, this),
      heard_(server.shard().now()),
      said_(heard_),
      encrypted_(tls != nullptr) {
  connection_->watch(this);
  timer_.arm(server_.shard().timers(), server_.shard().now() + open_timeout);
}

Connection::~Connection() = default;

void Connection::on_ready(world::Ready ready) {
  if (ready.readable || ready.hung_up) readable_ = true;
  if (ready.writable || ready.hung_up) writable_ = true;
  if (ready.hung_up) hung_up_ = true;
  proceed();
}

void Connection::proceed_later() {
  if (!turn_timer_.armed()) turn_timer_.arm(server_.shard().timers(), server_.shard().now());
}

void Connection::stop() {
  session_.force_close("the broker stops");
  proceed_later();
}

bool Connection::may_read() noexcept {
  return readable_ && !session_.stalled() && session_.out().size() < answers_bytes_max &&
         !(session_.publishes() && server_.full());
}

void Connection::proceed() noexcept {
  try {
    take_turn();
    server_.look_at_memory();
  } catch (...) {
    lose();  // without memory this connection ends, and the others go on
  }
  if (connection_ == nullptr) server_.remove(*this);
}

void Connection::take_turn() {
  turn_timer_.cancel();
  if (!in_.empty() && !session_.stalled()) take({});
  for (std::size_t reads = 0; connection_ && may_read() && reads < reads_per_turn_max; ++reads) read_once();
  // One that has just begun to publish was not among those that were told.
  if (server_.full() && session_.publishes()) session_.set_blocked(server_.broker().full());
  if (connection_) flush();
  if (!connection_) return;
  if (may_read()) proceed_later();
  if (session_.opened() && !heartbeats_) arm_heartbeat();
  if (session_.over() && !ending_) {
    ending_ = true;
    timer_.arm(server_.shard().timers(), server_.shard().now() + end_timeout);
  }
}

void Connection::read_once() {
  std::array<std::byte, read_bytes> room;
  const world::Transfer moved = connection_->read(room);
  switch (moved.outcome) {
    case world::Outcome::again:
      readable_ = false;
      return;
    case world::Outcome::closed:
    case world::Outcome::failed:
      return lose();
    case world::Outcome::done:
      break;
  }
  if (moved.bytes < room.size() && !hung_up_) readable_ = false;
  heard_ = server_.shard().now();
  if (!session_.over()) take({reinterpret_cast<const char*>(room.data()), moved.bytes});
}

void Connection::take(std::string_view data) {
  // Before the first byte: hands are shaken now.
  if (const net::TlsConnection* const tls = std::exchange(tls_, nullptr)) session_.set_certificate(tls->peer_name());
  if (in_.empty()) {
    const std::size_t used = session_.take(data);
    in_.assign(data.substr(used));
    return;
  }
  in_ += data;
  in_.erase(0, session_.take(in_));
  if (in_.empty() && in_.capacity() > kept_bytes_max) std::string().swap(in_);
}

void Connection::flush() {
  std::string& out = session_.out();
  while (connection_ && writable_ && sent_ < out.size()) {
    const std::string_view rest = std::string_view(out).substr(sent_);
    const world::Transfer moved = connection_->write(std::as_bytes(std::span(rest)));
    if (moved.outcome == world::Outcome::closed || moved.outcome == world::Outcome::failed) return lose();
    if (moved.outcome == world::Outcome::again || moved.bytes < rest.size()) writable_ = false;
    if (moved.outcome == world::Outcome::done) {
      sent_ += moved.bytes;
      said_ = server_.shard().now();
    }
  }
  if (sent_ < out.size()) return;
  sent_ = 0;
  out.clear();
  if (out.capacity() > kept_bytes_max) std::string().swap(out);
  if (session_.over()) {
    connection_->shutdown_write();
    return lose();
  }
  session_.sent();
  if (!out.empty()) proceed_later();  // consumers that waited for room got more; others first
}

// ---- times

void Connection::on_time() noexcept {
  if (ending_ || !session_.opened()) {
    lose();
    return proceed();
  }
  try {
    keep_alive();
  } catch (...) {
    lose();
  }
  proceed();
}

void Connection::arm_heartbeat() {
  heartbeats_ = true;
  timer_.cancel();
  if (session_.heartbeat_seconds() == 0) return;
  const auto half = std::chrono::milliseconds(500) * session_.heartbeat_seconds();
  timer_.arm(server_.shard().timers(), server_.shard().now() + half);
}

void Connection::keep_alive() {
  const Instant now = server_.shard().now();
  const auto beat = std::chrono::seconds(session_.heartbeat_seconds());
  // One that is not read, as it waits for room, cannot be heard.
  if (!readable_ && now - heard_ > silent_beats_max * beat) return lose();
  if (now - said_ >= beat / 2) session_.append_heartbeat();
  arm_heartbeat();
}

}  // namespace tutti::broker
