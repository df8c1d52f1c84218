#include "net/rpc_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include <tutti/error.hpp>

#include "net/rpc_session.hpp"

namespace tutti::net {

namespace rpc = wire::msgpack_rpc;

namespace {

constexpr std::size_t read_bytes = 32 * 1024;           // at once
constexpr std::size_t unsent_bytes_max = 256 * 1024;    // more answers unsent: no more calls are read
constexpr std::size_t kept_bytes_max = 64 * 1024;       // a larger buffer is given back when it is empty
constexpr std::size_t kept_call_bytes_max = 16 * 1024;  // of a pooled call
constexpr std::size_t idle_calls_max = 4096;            // pooled
constexpr std::size_t messages_per_turn_max = 1024;     // of one connection; then others
constexpr int accepted_per_turn_max = 64;
constexpr std::chrono::nanoseconds accept_pause = std::chrono::milliseconds(100);  // when out of descriptors
constexpr std::chrono::nanoseconds linger_time = std::chrono::seconds(1);  // for the other side to read our last words

// From a message into the copy of it.
void move_views(const char* from, const char* to, std::initializer_list<std::string_view*> views) noexcept {
  for (std::string_view* view : views) {
    if (!view->empty()) *view = {to + (view->data() - from), view->size()};
  }
}

}  // namespace

// ---- one call

void RpcCall::begin(RpcSession& session, std::string_view bytes, const rpc::Message& message,
                    const rpc::Metadata& metadata, Instant received) {
  session_ = &session;
  bytes_.assign(bytes);
  message_ = message;
  metadata_ = metadata;
  move_views(bytes.data(), bytes_.data(), {&message_.method, &message_.params});
  if (!message.metadata.empty()) {
    move_views(bytes.data(), bytes_.data(),
               {&metadata_.traceparent, &metadata_.tracestate, &metadata_.identity, &metadata_.authorization,
                &metadata_.idempotency_key, &metadata_.request_id});
  }
  received_ = received;
  answered_ = false;
  unwanted_ = false;
}

const Peer& RpcCall::peer() const { return session_->peer(); }

template <class F>
void RpcCall::answer(F append) {
  if (std::exchange(answered_, true) || notification() || unwanted_) return;
  std::string& out = session_->out();
  const std::size_t before = out.size();
  try {
    append(out);
  } catch (...) {
    out.resize(before);  // no half of an answer stays
    answered_ = false;
    throw;
  }
  session_->flush_later();
}

void RpcCall::respond(std::string_view result) {
  answer([&](std::string& out) { rpc::append_response(out, id(), result); });
}

void RpcCall::fail(std::string_view error) {
  answer([&](std::string& out) { rpc::append_error_response(out, id(), error); });
}

void RpcCall::fail(Code code, std::string_view text) {
  std::string error;
  rpc::append_error(error, {.code = code, .message = text});
  fail(error);
}

void RpcCall::cancel() noexcept {
  unwanted_ = true;
  fiber_.cancel();
}

void RpcCall::run(RpcService& service) {
  // Without memory for any words the connection's end has to tell.
  session_->kill_if_it_fails([&] {
    try {
      service.serve(*this);
      if (!answered_) fail(Code::internal, "the service ended the call without an answer");
    } catch (const Error& error) {
      fail(error.code(), error.what());
    } catch (...) {
      fail(Code::internal, "the service failed; its log tells more");
    }
  });
  session_->ended(*this);
}

// ---- one connection

RpcSession::RpcSession(RpcServerCore& server, std::unique_ptr<world::Connection> connection)
    : server_(server),
      connection_(std::move(connection)),
      scanner_({.message_bytes_max = server.limits().message_bytes_max}),
      timer_(
          [](void* self) noexcept {
            auto* const session = static_cast<RpcSession*>(self);
            session->kill_if_it_fails([session] { session->on_timer(); });
          },
          this),
      turn_timer_([](void* self) noexcept { static_cast<RpcSession*>(self)->proceed(); }, this) {
  peer_.address = connection_->peer();
  peer_.credential = connection_->peer_credential();
  idle_until_ = server_.shard().now() + server_.limits().idle_timeout;
  connection_->watch(this);
  arm();
}

RpcSession::~RpcSession() = default;

void RpcSession::on_ready(world::Ready ready) {
  if (ready.readable || ready.hung_up) readable_ = true;
  if (ready.writable || ready.hung_up) writable_ = true;
  if (ready.hung_up) hung_up_ = true;
  proceed();
}

void RpcSession::flush_later() {
  // While the loop stands in proceed() it sends by itself afterwards: one write for all that was answered at once.
  if (connection_ && !proceeding_ && !turn_timer_.armed())
    turn_timer_.arm(server_.shard().timers(), server_.shard().now());
}

bool RpcSession::blocked() const noexcept {
  return in_flight_ >= server_.limits().in_flight_max || out_.size() - sent_ > unsent_bytes_max;
}

void RpcSession::proceed() noexcept {
  try {
    take_turn();
  } catch (...) {
    proceeding_ = false;
    kill();
  }
}

void RpcSession::take_turn() {
  proceeding_ = true;
  turn_timer_.cancel();
  std::size_t messages = 0;
  take_buffered(messages);
  while (connection_ && readable_ && !blocked() && messages < messages_per_turn_max) read_once(messages);
  flush();
  // Blocked, its end is not read.
  if (connection_ && hung_up_ && (ended_ || blocked()) && !reads_answers()) lose();
  if (connection_ && ended_ && !stopped_early_) state_ = State::closing;
  if (connection_ && state_ == State::closing && in_flight_ == 0 && out_.empty()) {
    if (ended_) {
      lose();
    } else {
      connection_->shutdown_write();
      state_ = State::lingering;
      linger_until_ = server_.shard().now() + linger_time;
    }
  }
  proceeding_ = false;
  if (!connection_) {
    if (first_call_ == nullptr) server_.remove(*this);
    return;
  }
  // More is there, but others were let first, or what was written just now has made room.
  const bool more = (readable_ || stopped_early_) && !blocked();
  if (more) turn_timer_.arm(server_.shard().timers(), server_.shard().now());
  set_times();
  server_.look_whether_quiet();
}

void RpcSession::read_once(std::size_t& messages) {
  std::array<std::byte, read_bytes> room;
  const world::Transfer moved = connection_->read(room);
  switch (moved.outcome) {
    case world::Outcome::again:
      readable_ = false;
      return;
    case world::Outcome::closed:
      readable_ = false;
      ended_ = true;  // of its calls; its answers may still be wanted
      return;
    case world::Outcome::failed:
      return lose();
    case world::Outcome::done:
      break;
  }
  if (moved.bytes < room.size() && !hung_up_) readable_ = false;
  if (state_ != State::open) return;  // read and dropped, so that closing does not become a reset
  const std::string_view data(reinterpret_cast<const char*>(room.data()), moved.bytes);
  if (begin_ == in_.size()) {
    in_.clear();
    begin_ = 0;
    const std::size_t used = take(data, messages);
    if (connection_) in_.assign(data.substr(used));
  } else {
    in_ += data;
    take_buffered(messages);
  }
}

void RpcSession::take_buffered(std::size_t& messages) {
  stopped_early_ = false;
  if (!connection_ || begin_ == in_.size()) return;
  begin_ += take(std::string_view(in_).substr(begin_), messages);
  if (begin_ == in_.size()) {
    in_.clear();
    begin_ = 0;
    if (in_.capacity() > kept_bytes_max) std::string().swap(in_);
  } else if (begin_ > in_.size() / 2) {
    in_.erase(0, begin_);
    begin_ = 0;
  }
}

// Of one who has hung up. A client that says hello never closes only its half; of others a reset tells.
bool RpcSession::reads_answers() {
  return dialect_ == rpc::Dialect::plain &&
         connection_->write(std::span<const std::byte>()).outcome <= world::Outcome::again;
}

std::size_t RpcSession::take(std::string_view data, std::size_t& messages) {
  std::size_t used = 0;
  while (connection_ && state_ == State::open && used < data.size()) {
    if (blocked() || messages >= messages_per_turn_max) {
      stopped_early_ = true;
      return used;
    }
    switch (scanner_.scan(data.substr(used))) {
      case rpc::MessageScanner::State::need_more:
        return used;
      case rpc::MessageScanner::State::refused:
        refuse(data.substr(used), scanner_.fault());
        return data.size();
      case rpc::MessageScanner::State::complete: {
        const std::string_view message = data.substr(used, scanner_.bytes());
        used += scanner_.bytes();
        scanner_.clear();
        ++messages;
        ++messages_;
        take_message(message);
        break;
      }
    }
  }
  return state_ == State::open ? used : data.size();
}

// The stream cannot be followed any further. Told to the call in question if its id can be read, else to id 0, which
// is nobody's.
void RpcSession::refuse(std::string_view message, std::string_view fault) {
  rpc::Cursor cursor(message);
  std::uint32_t id = 0;
  if (cursor.array() && cursor.unsigned_number() == std::uint64_t{0}) {
    if (const auto number = cursor.unsigned_number(); number && *number <= UINT32_MAX)
      id = static_cast<std::uint32_t>(*number);
  }
  answer_error(id, Code::invalid_argument, fault);
  state_ = State::closing;
}

void RpcSession::answer_error(std::uint32_t id, Code code, std::string_view text) {
  std::string error;
  rpc::append_error(error, {.code = code, .message = text});
  rpc::append_error_response(out_, id, error);
}

void RpcSession::take_message(std::string_view bytes) {
  const rpc::MessageResult parsed = rpc::parse_message(bytes, dialect_);
  const rpc::Message& message = parsed.message;
  if (!parsed.fault.empty()) {
    if (parsed.answerable) return answer_error(message.id, Code::invalid_argument, parsed.fault);
    return refuse(bytes, parsed.fault);
  }
  if (message.kind == rpc::Kind::response) return refuse(bytes, "a response came, and this side asked nothing");
  if (message.kind == rpc::Kind::request && message.method == rpc::hello_method) return take_hello(message);
  if (message.kind == rpc::Kind::notification && message.method == rpc::cancel_method) return take_cancel(message);
  if (message.kind == rpc::Kind::notification && message.method == rpc::goodbye_method) return;  // its end tells
  if (server_.draining()) {
    if (message.kind == rpc::Kind::request) {
      answer_error(message.id, Code::unavailable, "this instance is stopping; call another one");
    }
    return;
  }
  rpc::MetadataResult metadata;
  if (!message.metadata.empty()) metadata = rpc::parse_metadata(message.metadata);
  if (!metadata.fault.empty()) return answer_error(message.id, Code::invalid_argument, metadata.fault);
  enter(bytes, message, metadata.metadata);
}

void RpcSession::enter(std::string_view bytes, const rpc::Message& message, const rpc::Metadata& metadata) {
  RpcCall& call = server_.take_call();
  server_.entered();
  try {
    call.begin(*this, bytes, message, metadata, server_.shard().now());
  } catch (...) {
    server_.give_back(call);
    throw;
  }
  call.previous = nullptr;
  call.next = first_call_;
  if (first_call_) first_call_->previous = &call;
  first_call_ = &call;
  ++in_flight_;
  try {
    server_.shard().enter(
        {.name = "an rpc call", .handle = &call.handle()},
        [](void* argument) {
          auto* const self = static_cast<RpcCall*>(argument);
          self->run(self->session().server_.service());
        },
        &call);
  } catch (const Error& error) {  // no fiber is left
    kill_if_it_fails([&] { call.fail(error.code(), error.what()); });
    ended(call);
  }
}

void RpcSession::take_hello(const rpc::Message& message) {
  const rpc::Argument argument = rpc::argument_of(message.params);
  const auto hello = argument.fault.empty() ? rpc::parse_hello(argument.argument) : std::nullopt;
  if (!hello) {
    return answer_error(message.id, Code::invalid_argument, "tutti.hello wants one map with a version; {version: 1}");
  }
  dialect_ = rpc::Dialect::tutti;
  rpc::append_hello_reply(out_, message.id, {.version = std::min(hello->version, rpc::hello_version)});
  if (server_.draining()) rpc::append_goodbye(out_);
}

void RpcSession::take_cancel(const rpc::Message& message) {
  const auto id = rpc::parse_cancel(message.params);
  if (!id) return;
  for (RpcCall* call = first_call_; call != nullptr; call = call->next) {
    if (!call->notification() && call->id() == *id) return call->cancel();
  }
}

void RpcSession::ended(RpcCall& call) noexcept {
  (call.previous ? call.previous->next : first_call_) = call.next;
  if (call.next) call.next->previous = call.previous;
  --in_flight_;
  server_.give_back(call);
  if (proceeding_) return;
  if (!connection_) {
    if (first_call_ == nullptr) server_.remove(*this);
    return;
  }
  kill_if_it_fails([this] { flush_later(); });  // also reads on, and closes if that was the last one
}

void RpcSession::goodbye() {
  if (!connection_ || dialect_ != rpc::Dialect::tutti) return;
  rpc::append_goodbye(out_);
  flush_later();
}

void RpcSession::close_when_done() {
  if (!connection_ || state_ != State::open) return;
  state_ = State::closing;
  flush_later();
}

void RpcSession::kill() {
  lose();
  if (!proceeding_ && first_call_ == nullptr) server_.remove(*this);
}

// The calls' fibers are cancelled, as nobody will read their answers; what was only notified goes on.
void RpcSession::lose() {
  connection_.reset();
  timer_.cancel();
  turn_timer_.cancel();
  for (RpcCall* call = first_call_; call != nullptr; call = call->next) {
    if (!call->notification()) call->cancel();
  }
}

void RpcSession::flush() {
  while (connection_ && writable_ && sent_ < out_.size()) {
    const std::string_view rest = std::string_view(out_).substr(sent_);
    const world::Transfer moved = connection_->write(std::as_bytes(std::span(rest)));
    switch (moved.outcome) {
      case world::Outcome::done:
        sent_ += moved.bytes;
        write_until_ = Instant::never();  // it moves
        if (moved.bytes < rest.size()) writable_ = false;
        break;
      case world::Outcome::again:
        writable_ = false;
        break;
      case world::Outcome::closed:
      case world::Outcome::failed:
        return lose();
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

void RpcSession::set_times() {
  const Instant now = server_.shard().now();
  const RpcLimits& limits = server_.limits();
  const bool partial = begin_ < in_.size() && !blocked() && !stopped_early_ && state_ == State::open;
  if (!partial) {
    message_until_ = Instant::never();
  } else if (message_until_ == Instant::never() || timed_message_ != messages_) {
    message_until_ = now + limits.message_timeout;
    timed_message_ = messages_;
  }
  if (out_.empty()) {
    write_until_ = Instant::never();
  } else if (write_until_ == Instant::never()) {
    write_until_ = now + limits.write_timeout;
  }
  if (in_flight_ > 0 || partial || !out_.empty()) {
    idle_until_ = Instant::never();
  } else if (idle_until_ == Instant::never() || timed_idle_ != messages_) {
    idle_until_ = now + limits.idle_timeout;
    timed_idle_ = messages_;
  }
  arm();
}

void RpcSession::arm() {
  const Instant when = std::min(std::min(message_until_, write_until_), std::min(idle_until_, linger_until_));
  // One that fires too early looks again; moving it for each call would cost more.
  if (!timer_.armed() || when < timer_.when()) timer_.arm(server_.shard().timers(), when);
}

void RpcSession::on_timer() {
  const Instant now = server_.shard().now();
  if (write_until_ <= now || linger_until_ <= now) return kill();
  if (message_until_ <= now) {
    refuse(std::string_view(in_).substr(begin_), "the rest of the message did not come in time");
    return proceed();
  }
  if (idle_until_ <= now) {
    idle_until_ = Instant::never();
    close_when_done();
  }
  arm();
}

// ---- the server

RpcServerCore::RpcServerCore(runtime::Shard& shard, RpcService& service, const RpcServerRules& rules)
    : shard_(shard),
      service_(service),
      limits_(rules.limits),
      retry_accept_([](void* self) noexcept { static_cast<RpcServerCore*>(self)->accept_all(); }, this) {
  int error = 0;
  listener_ = shard.network().listen(rules.listen, rules.listen_rules, error);
  if (!listener_) {
    const std::string where = world::to_string(rules.listen);
    if (error == EADDRINUSE) {
      throw Error(Code::unavailable,
                  "the address " + where +
                      " is taken by another process; stop it, or choose another address (port 0 takes a free one)");
    }
    if (error == EACCES) {
      throw Error(
          Code::permission_denied,
          "listening on " + where + " is not permitted; choose a port above 1023, or a folder that may be written");
    }
    throw Error(Code::unavailable, "cannot listen on " + where + ": " + std::strerror(error));
  }
  address_ = listener_->address();
  idle_calls_.reserve(idle_calls_max);  // so that give_back never allocates
  listener_->watch(this);
}

RpcServerCore::~RpcServerCore() {
  listener_.reset();
  kill_all();
  // Handlers that were cancelled end on their own; what they refer to must stay until then.
  while (first_ != nullptr) {
    runtime::Parker gone;
    changed_ = &gone;
    gone.park_uninterrupted();
    changed_ = nullptr;
  }
}

RpcServerCounts RpcServerCore::counts() const {
  return {.connections = connections_, .in_flight = in_flight_, .accepted = accepted_, .refused_connections = refused_};
}

void RpcServerCore::on_ready(world::Ready) { accept_all(); }

void RpcServerCore::accept_all() {
  for (int count = 0; listener_; ++count) {
    if (count == accepted_per_turn_max) return retry_accept_.arm(shard_.timers(), shard_.now());  // others first
    int error = 0;
    try {
      if (accept_one(error)) continue;
    } catch (...) {
      error = ENOMEM;
    }
    if (error == ECONNABORTED) continue;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
      ++refused_;
      retry_accept_.arm(shard_.timers(), shard_.now() + accept_pause);
    }
    return;
  }
}

bool RpcServerCore::accept_one(int& error) {
  auto connection = listener_->accept(error);
  if (!connection) return false;
  ++accepted_;
  if (connections_ >= limits_.connections_max) {
    ++refused_;
    std::string error_value, answer;
    rpc::append_error(error_value,
                      {.code = Code::resource_exhausted, .message = "too many connections; try again later"});
    rpc::append_error_response(answer, 0, error_value);
    (void)connection->write(std::as_bytes(std::span(answer)));  // if it does not fit, closing says enough
    connection->shutdown_write();
    return true;
  }
  auto* const made = new RpcSession(*this, std::move(connection));
  made->next = first_;
  if (first_) first_->previous = made;
  first_ = made;
  ++connections_;
  return true;
}

void RpcServerCore::remove(RpcSession& session) noexcept {
  (session.previous ? session.previous->next : first_) = session.next;
  if (session.next) session.next->previous = session.previous;
  --connections_;
  delete &session;
  if (changed_) changed_->unpark();
}

template <class F>
void RpcServerCore::for_each(F what) {
  for (RpcSession* session = first_; session != nullptr;) {
    RpcSession* const next = session->next;
    what(*session);
    session = next;
  }
}

void RpcServerCore::kill_all() {
  for_each([](RpcSession& session) { session.kill(); });
}

void RpcServerCore::stop_accepting() {
  listener_.reset();
  retry_accept_.cancel();
  if (std::exchange(draining_, true)) return;
  for_each([](RpcSession& session) { session.goodbye(); });
}

bool RpcServerCore::quiet() const {
  if (in_flight_ > 0) return false;
  for (const RpcSession* session = first_; session != nullptr; session = session->next) {
    if (session->unsent()) return false;
  }
  return true;
}

void RpcServerCore::look_whether_quiet() noexcept {
  if (changed_) changed_->unpark();
}

bool RpcServerCore::drain(Instant until) {
  stop_accepting();
  const auto wait_until = [&](Instant when, auto&& reached) {
    while (!reached()) {
      runtime::Parker changed;
      struct Forget {
        runtime::Parker*& place;
        ~Forget() { place = nullptr; }
      } forget{changed_ = &changed};
      if (!changed.park(when, "rpc calls to end")) return reached();
    }
    return true;
  };
  const bool answered = wait_until(until, [this] { return quiet(); });
  for_each([](RpcSession& session) { session.close_when_done(); });
  const Instant lingered = std::min(until, shard_.now() + linger_time);
  if (answered && !wait_until(lingered, [this] { return connections_ == 0; })) kill_all();
  return answered;
}

RpcCall& RpcServerCore::take_call() {
  if (idle_calls_.empty()) return *new RpcCall;
  RpcCall& call = *idle_calls_.back().release();
  idle_calls_.pop_back();
  return call;
}

void RpcServerCore::give_back(RpcCall& call) noexcept {
  --in_flight_;
  call.shrink(kept_call_bytes_max);
  // Its fiber still has a few steps to go and touches only the handle in it, which a pooled call keeps.
  std::unique_ptr<RpcCall> owned(&call);
  if (idle_calls_.size() < idle_calls_max) idle_calls_.push_back(std::move(owned));
}

std::unique_ptr<RpcServer> serve_rpc(runtime::Shard& shard, RpcService& service, const RpcServerRules& rules) {
  return std::make_unique<RpcServerCore>(shard, service, rules);
}

}  // namespace tutti::net
