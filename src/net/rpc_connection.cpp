#include "net/rpc_connection.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include <tutti/detail/waiting.hpp>
#include <tutti/error.hpp>

namespace tutti::net {

namespace rpc = wire::msgpack_rpc;

namespace {

constexpr std::size_t read_bytes = 16 * 1024;      // at once
constexpr std::size_t kept_bytes_max = 64 * 1024;  // a larger buffer is given back when it is empty
constexpr std::size_t calls_slots_first = 64;      // a power of two
constexpr std::uint32_t hello_id = 1;              // 0 is nobody's
constexpr std::uint32_t first_id = 2;

}  // namespace

// Lies on the stack of the fiber that calls.
struct RpcConnection::Pending {
  std::string& bytes;
  std::uint32_t id = 0;
  std::uint64_t end = 0;  // the request has left when so many bytes have
  RpcOutcome outcome = RpcOutcome::not_sent;
  bool done = false;  // from here on the connection may be gone
  Pending* next = nullptr;
  Pending* previous = nullptr;
  runtime::Parker parker = {};
};

RpcConnection::RpcConnection(runtime::Shard& shard, std::unique_ptr<world::Connection> connection,
                             const RpcConnectionRules& rules)
    : shard_(shard),
      connection_(std::move(connection)),
      rules_(rules),
      peer_(connection_->peer()),
      scanner_({.message_bytes_max = rules.message_bytes_max}),
      hello_timer_(
          [](void* self) noexcept {
            auto* const connection = static_cast<RpcConnection*>(self);
            connection->lose_if_it_fails([connection] { connection->miss_hello(); });
          },
          this),
      flush_timer_(
          [](void* self) noexcept {
            auto* const connection = static_cast<RpcConnection*>(self);
            connection->lose_if_it_fails([connection] { connection->on_timer(); });
          },
          this),
      calls_(calls_slots_first),
      next_id_(first_id) {
  if (rules_.greeting == RpcGreeting::hello) {
    rpc::append_hello(out_, hello_id, {.service = rules_.service});
    taken_bytes_ = out_.size();
  } else {
    greeted_ = true;
  }
  connection_->watch(this);
}

std::unique_ptr<RpcConnection> RpcConnection::open(runtime::Shard& shard, const world::Address& to,
                                                   const RpcConnectionRules& rules) {
  int error = 0;
  auto connection = shard.network().connect(to, error);
  if (!connection) {
    throw Error(Code::unavailable, "cannot connect to " + world::to_string(to) + ": " + std::strerror(error));
  }
  return std::make_unique<RpcConnection>(shard, std::move(connection), rules);
}

template <class F>
void RpcConnection::lose_if_it_fails(F what) noexcept {
  try {
    what();
  } catch (...) {
    lose("out of memory");  // short enough to need none
  }
}

RpcConnection::~RpcConnection() {
  if (!connection_) return;
  lose_if_it_fails([this] { lose("the connection was closed on this side"); });
}

bool RpcConnection::wait_until_ready(Instant until) {
  if (ready()) return true;
  if (!usable()) return false;
  std::string unused;
  Pending pending{.bytes = unused};
  link(pending);
  bool in_time = false;
  try {
    in_time = pending.parker.park(until, "a connection");
  } catch (...) {
    unlink(pending);
    throw;
  }
  if (pending.done) return false;
  unlink(pending);
  return in_time && usable();
}

RpcOutcome RpcConnection::call(std::string_view method, std::string_view params, const rpc::Metadata& metadata,
                               Instant deadline, std::string& bytes) {
  bytes.clear();
  detail::check_may_wait("an rpc answer");
  if (deadline <= shard_.now()) throw Error(Code::deadline_exceeded, "the deadline passed before the call was sent");
  const auto refused = [&] {
    bytes = reason_;
    return RpcOutcome::not_sent;
  };
  if (!usable()) return refused();
  Pending pending{.bytes = bytes};
  if (!ready()) {
    link(pending);
    bool in_time = false;
    try {
      in_time = pending.parker.park(deadline, "a connection");
    } catch (...) {
      if (!pending.done) unlink(pending);
      throw;
    }
    if (pending.done) return pending.outcome;
    unlink(pending);
    if (!in_time)
      throw Error(Code::deadline_exceeded,
                  "the deadline passed while waiting for a connection to " + world::to_string(peer_));
    if (!usable()) return refused();
  }

  number(pending);
  try {
    append([&](std::string& out) {
      if (speaks_tutti()) {
        rpc::Metadata told = metadata;
        if (!told.remaining && deadline != Instant::never()) {
          told.remaining = std::chrono::ceil<std::chrono::milliseconds>(deadline - shard_.now());
        }
        rpc::append_request(out, pending.id, method, rpc::Trailing::metadata);
        out += params;
        rpc::append_metadata(out, told);
      } else {
        rpc::append_request(out, pending.id, method, rpc::Trailing::nothing);
        out += params;
      }
    });
  } catch (...) {
    forget(pending);
    throw;
  }
  pending.end = taken_bytes_;

  const auto abandon = [&] {
    forget(pending);
    if (speaks_tutti()) append([&](std::string& out) { rpc::append_cancel(out, pending.id); });
  };
  bool in_time = false;
  try {
    in_time = pending.parker.park(deadline, "an rpc answer");
  } catch (...) {
    if (!pending.done) abandon();
    throw;
  }
  if (pending.done) return pending.outcome;
  (void)in_time;
  abandon();
  throw Error(Code::deadline_exceeded, "the deadline passed while waiting for the answer to " + std::string(method));
}

bool RpcConnection::notify(std::string_view method, std::string_view params) {
  if (!usable()) return false;
  append([&](std::string& out) {
    rpc::append_notification(out, method);
    out += params;
  });
  return true;
}

// A whole message or nothing, if there is no memory for it.
template <class F>
void RpcConnection::append(F write) {
  const std::size_t before = out_.size();
  try {
    write(out_);
    flush_later();
  } catch (...) {
    out_.resize(before);
    throw;
  }
  taken_bytes_ += out_.size() - before;
}

// Numbers go up, skipping those whose place is taken by a call that is still in flight; places are twice the calls.
void RpcConnection::number(Pending& pending) {
  if (2 * (in_flight_ + 1) > calls_.size()) {
    std::vector<Pending*> larger(calls_.size() * 2);
    for (Pending* call : calls_) {
      if (call) larger[call->id & (larger.size() - 1)] = call;
    }
    calls_.swap(larger);
  }
  while (next_id_ < first_id || calls_[next_id_ & (calls_.size() - 1)] != nullptr) ++next_id_;
  pending.id = next_id_++;
  calls_[pending.id & (calls_.size() - 1)] = &pending;
  ++in_flight_;
}

void RpcConnection::forget(Pending& pending) noexcept {
  calls_[pending.id & (calls_.size() - 1)] = nullptr;
  --in_flight_;
}

void RpcConnection::link(Pending& pending) noexcept {
  pending.next = waiting_;
  if (waiting_) waiting_->previous = &pending;
  waiting_ = &pending;
}

void RpcConnection::unlink(Pending& pending) noexcept {
  if (pending.done) return;
  (pending.previous ? pending.previous->next : waiting_) = pending.next;
  if (pending.next) pending.next->previous = pending.previous;
}

void RpcConnection::on_ready(world::Ready ready) {
  lose_if_it_fails([this, ready] { take_note(ready); });
}

void RpcConnection::take_note(world::Ready ready) {
  if (!connected_ && (ready.writable || ready.hung_up)) {
    connected_ = true;
    if (greeted_) {
      greeted();
    } else {
      hello_timer_.arm(shard_.timers(), shard_.now() + rules_.hello_timeout);
    }
  }
  if (!connected_) return;
  if (ready.writable) writable_ = true;
  if (ready.hung_up) hung_up_ = true;
  if (ready.readable || ready.hung_up) readable_ = true;
  read_all();
  flush();
  leave_if_done();
}

void RpcConnection::on_timer() {
  flush();
  leave_if_done();
}

void RpcConnection::flush_later() {
  if (connection_ && writable_ && !flush_timer_.armed()) flush_timer_.arm(shard_.timers(), shard_.now());
}

void RpcConnection::flush() {
  while (connection_ && writable_ && sent_ < out_.size()) {
    const std::string_view rest = std::string_view(out_).substr(sent_);
    const world::Transfer moved = connection_->write(std::as_bytes(std::span(rest)));
    switch (moved.outcome) {
      case world::Outcome::done:
        sent_ += moved.bytes;
        sent_bytes_ += moved.bytes;
        if (moved.bytes < rest.size()) writable_ = false;
        break;
      case world::Outcome::again:
        writable_ = false;
        break;
      case world::Outcome::closed:
        return lose(world::to_string(peer_) + " no longer reads");
      case world::Outcome::failed:
        return lose((sent_bytes_ == 0 ? "cannot connect to " : "writing to ") + world::to_string(peer_) +
                    (sent_bytes_ == 0 ? ": " : " failed: ") + std::strerror(moved.error));
    }
  }
  if (sent_ == out_.size()) {
    sent_ = 0;
    out_.clear();
    if (out_.capacity() > kept_bytes_max) std::string().swap(out_);
  } else if (sent_ > kept_bytes_max) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
}

void RpcConnection::read_all() {
  while (connection_ && readable_) {
    std::array<std::byte, read_bytes> room;
    const world::Transfer moved = connection_->read(room);
    switch (moved.outcome) {
      case world::Outcome::again:
        readable_ = false;
        return;
      case world::Outcome::closed:
        return lose(draining_ ? reason_ : world::to_string(peer_) + " closed the connection");
      case world::Outcome::failed:
        return lose((sent_bytes_ == 0 ? "cannot connect to " : "reading from ") + world::to_string(peer_) +
                    (sent_bytes_ == 0 ? ": " : " failed: ") + std::strerror(moved.error));
      case world::Outcome::done:
        break;
    }
    if (moved.bytes < room.size() && !hung_up_) readable_ = false;
    const std::string_view data(reinterpret_cast<const char*>(room.data()), moved.bytes);
    if (in_.empty()) {
      const std::size_t used = take(data);
      in_.assign(data.substr(used));
    } else {
      in_ += data;
      in_.erase(0, take(in_));
      if (in_.empty() && in_.capacity() > kept_bytes_max) std::string().swap(in_);
    }
  }
}

std::size_t RpcConnection::take(std::string_view data) {
  std::size_t used = 0;
  while (connection_ && used < data.size()) {
    switch (scanner_.scan(data.substr(used))) {
      case rpc::MessageScanner::State::need_more:
        return used;
      case rpc::MessageScanner::State::refused:
        lose(world::to_string(peer_) + " sent bytes that are no rpc: " + std::string(scanner_.fault()));
        return used;
      case rpc::MessageScanner::State::complete: {
        const std::string_view message = data.substr(used, scanner_.bytes());
        used += scanner_.bytes();
        scanner_.clear();
        take_message(message);
        break;
      }
    }
  }
  return used;
}

void RpcConnection::take_message(std::string_view bytes) {
  const rpc::MessageResult parsed = rpc::parse_message(bytes, dialect_);
  const rpc::Message& message = parsed.message;
  if (!parsed.fault.empty() || message.kind == rpc::Kind::request) {
    return lose(world::to_string(peer_) +
                " sent what no rpc server sends: " + std::string(parsed.fault.empty() ? "a request" : parsed.fault));
  }
  if (message.kind == rpc::Kind::notification) {
    if (message.method == rpc::goodbye_method) {
      draining_ = true;
      reason_ = world::to_string(peer_) + " is stopping";
      greeted();  // who waits goes elsewhere
    }
    return;
  }
  if (message.id == hello_id && rules_.greeting == RpcGreeting::hello) {
    if (message.error.empty() && rpc::parse_hello(message.result)) dialect_ = rpc::Dialect::tutti;
    return greeted();
  }
  Pending* const call = calls_[message.id & (calls_.size() - 1)];
  if (call == nullptr || call->id != message.id) {
    // Id 0 is nobody's: a server's last word about bytes that it could not follow.
    if (message.id == 0 && !message.error.empty()) {
      lose(world::to_string(peer_) +
           " refused the connection: " + std::string(rpc::parse_error(message.error).message));
    }
    return;  // an answer to a call that was given up
  }
  call->bytes.assign(message.error.empty() ? message.result : message.error);  // first: without memory it stays known
  forget(*call);
  call->outcome = message.error.empty() ? RpcOutcome::result : RpcOutcome::error;
  call->done = true;
  call->parker.unpark();
}

void RpcConnection::greeted() {
  greeted_ = true;
  hello_timer_.cancel();
  for (Pending* call = waiting_; call != nullptr; call = call->next) call->parker.unpark();
}

// Spoken to plainly, it would get calls without deadline, identity and idempotency key though it may know them all.
void RpcConnection::miss_hello() {
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(rules_.hello_timeout);
  lose(world::to_string(peer_) + " did not answer tutti.hello within " + std::to_string(waited.count()) + " ms");
}

void RpcConnection::leave_if_done() {
  if (connection_ && draining_ && in_flight_ == 0 && waiting_ == nullptr && out_.empty()) lose(reason_);
}

void RpcConnection::lose(std::string reason) {
  connection_.reset();
  hello_timer_.cancel();
  flush_timer_.cancel();
  reason_ = std::move(reason);
  const auto end = [this](Pending& call, RpcOutcome outcome) {
    call.outcome = outcome;
    try {
      call.bytes = reason_;
    } catch (const std::bad_alloc&) {
      call.bytes.clear();  // its caller must be woken all the same
    }
    call.done = true;
    call.parker.unpark();
  };
  while (waiting_ != nullptr) {
    Pending& call = *waiting_;
    waiting_ = call.next;
    end(call, RpcOutcome::not_sent);
  }
  for (Pending*& call : calls_) {
    if (call == nullptr) continue;
    // A request of which some bytes are missing cannot have been executed.
    end(*call, call->end <= sent_bytes_ ? RpcOutcome::lost : RpcOutcome::not_sent);
    call = nullptr;
  }
  in_flight_ = 0;
}

}  // namespace tutti::net
