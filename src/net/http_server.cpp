#include "net/http_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <tutti/error.hpp>

#include "net/http_server_core.hpp"
#include "net/tls.hpp"
#include "wire/http1/date.hpp"
#include "wire/http1/writer.hpp"

namespace tutti::net {
namespace {

constexpr std::size_t idle_work_max = 1024;          // pooled buffers
constexpr std::size_t kept_buffer_bytes_max = 64 * 1024;  // a larger one is given back to the allocator
constexpr std::chrono::nanoseconds accept_pause = std::chrono::milliseconds(100);  // when out of descriptors
constexpr int accepted_per_turn_max = 64;
constexpr std::chrono::nanoseconds date_kept = std::chrono::milliseconds(50);  // the wall clock is not asked for each answer

}  // namespace

HttpServerCore::HttpServerCore(runtime::Shard& shard, HttpService& service, const HttpServerRules& rules)
    : shard_(shard),
      service_(service),
      limits_(rules.limits),
      server_name_(rules.server_name),
      given_away_(rules.given_away),
      tls_(rules.tls),
      certificates_(rules.tls != nullptr && rules.certificates),
      retry_accept_([](void* self) noexcept { static_cast<HttpServerCore*>(self)->accept_all(); }, this) {
  parser_limits_.start_line_bytes = limits_.request_line_bytes_max;
  parser_limits_.header_bytes = limits_.header_bytes_max;
  parser_limits_.header_count = std::min<std::size_t>(limits_.header_count_max, wire::http1::Fields::capacity);
  parser_limits_.body_bytes = std::max(limits_.stream_bytes_max, limits_.body_bytes_max);
  for (const auto& [name, value] : rules.headers) {
    FixedHeader& fixed = fixed_headers_.emplace_back(FixedHeader{.name = name, .line = {}});
    if (!wire::http1::append_field(fixed.line, name, value)) throw Error(Code::failed_precondition, "the header " + name + " is \"" + value + "\", which has a character that HTTP does not allow");
  }
  turned_away_ = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\nretry-after: 1\r\n";
  for (const FixedHeader& fixed : fixed_headers_) turned_away_ += fixed.line;
  turned_away_ += "content-length: 21\r\nconnection: close\r\n\r\ntoo many connections\n";
  int error = 0;
  listener_ = shard.network().listen(rules.listen, rules.listen_rules, error);
  if (!listener_) {
    const std::string where = world::to_string(rules.listen);
    if (error == EADDRINUSE) throw Error(Code::unavailable, "the address " + where + " is taken by another process; stop it, or choose another address (port 0 takes a free one)");
    if (error == EACCES) throw Error(Code::permission_denied, "listening on " + where + " is not permitted; choose a port above 1023, or a folder that may be written");
    throw Error(Code::unavailable, "cannot listen on " + where + ": " + std::strerror(error));
  }
  address_ = listener_->address();
  idle_work_.reserve(idle_work_max);  // so that give_back never allocates
  listener_->watch(this);
}

HttpServerCore::~HttpServerCore() {
  listener_.reset();
  kill_all();
  // Handlers that were cancelled end on their own; what they refer to must stay until then.
  while (first_ != nullptr) {
    runtime::Parker gone;
    all_gone_ = &gone;
    gone.park_uninterrupted();
    all_gone_ = nullptr;
  }
}

void HttpServerCore::kill_all() noexcept {
  for (HttpConnection* connection = first_; connection != nullptr;) {
    HttpConnection* const next = connection->next;
    connection->kill();
    connection = next;
  }
}

HttpServerCounts HttpServerCore::counts() const {
  return {.connections = connections_, .in_flight = in_flight_, .accepted = accepted_, .refused_connections = refused_};
}

void HttpServerCore::on_ready(world::Ready) { accept_all(); }

void HttpServerCore::accept_all() {
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

bool HttpServerCore::accept_one(int& error) {
  auto connection = listener_->accept(error);
  if (!connection) return false;
  ++accepted_;
  if (connections_ + (given_away_ ? given_away_() : 0) >= limits_.connections_max) {
    ++refused_;
    turn_away(*connection);
    return true;
  }
  if (tls_) connection = tls_->wrap(std::move(connection));
  auto* const made = new HttpConnection(*this, std::move(connection));
  made->next = first_;
  if (first_) first_->previous = made;
  first_ = made;
  ++connections_;
  made->begin();
  return true;
}

void HttpServerCore::turn_away(world::Connection& connection) {
  if (tls_) return;
  (void)connection.write(std::as_bytes(std::span(turned_away_)));  // if it does not fit into the socket, closing says enough
  connection.shutdown_write();
  // Closing over unread bytes would be a reset, which may overtake the answer.
  std::array<std::byte, 4096> dropped;
  for (int count = 0; count < 16; ++count) {
    if (const world::Transfer moved = connection.read(dropped); moved.outcome != world::Outcome::done) break;
  }
}

void HttpServerCore::remove(HttpConnection& connection) noexcept {
  if (connection.previous) {
    connection.previous->next = connection.next;
  } else {
    first_ = connection.next;
  }
  if (connection.next) connection.next->previous = connection.previous;
  --connections_;
  delete &connection;
  if (connections_ == 0 && all_gone_) all_gone_->unpark();
}

void HttpServerCore::stop_accepting() {
  accept_all();  // closing the listener would reset whoever has connected but was not taken yet
  listener_.reset();
  retry_accept_.cancel();
  draining_ = true;
  for (HttpConnection* connection = first_; connection != nullptr;) {
    HttpConnection* const next = connection->next;
    connection->drain();
    connection = next;
  }
}

bool HttpServerCore::drain(Instant until) {
  while (connections_ != 0) {
    runtime::Parker gone;
    all_gone_ = &gone;
    const bool in_time = gone.park(until, "connections to end");
    all_gone_ = nullptr;
    if (!in_time) return connections_ == 0;
  }
  return true;
}

std::unique_ptr<HttpWork> HttpServerCore::take_work() {
  if (idle_work_.empty()) return std::make_unique<HttpWork>(parser_limits_);
  auto work = std::move(idle_work_.back());
  idle_work_.pop_back();
  return work;
}

void HttpServerCore::give_back(std::unique_ptr<HttpWork> work) noexcept {
  if (idle_work_.size() >= idle_work_max) return;
  work->begin = work->unread = work->end = work->sent = 0;
  work->parser.clear();  // its connection may have ended in the middle of a head
  work->out.clear();
  work->body.clear();
  if (work->in.size() > kept_buffer_bytes_max) std::string().swap(work->in);
  if (work->out.capacity() > kept_buffer_bytes_max) std::string().swap(work->out);
  if (work->body.capacity() > kept_buffer_bytes_max) std::string().swap(work->body);
  idle_work_.push_back(std::move(work));
}

std::string_view HttpServerCore::date() {
  if (shard_.now() < date_until_) return date_;
  date_until_ = shard_.now() + date_kept;
  const Time now = shard_.world().clock().now();
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now.since_epoch).count();
  if (second != date_second_) {
    date_second_ = second;
    date_ = wire::http1::http_date(std::chrono::sys_seconds(std::chrono::seconds(second)));
  }
  return date_;
}

std::unique_ptr<HttpServer> serve_http(runtime::Shard& shard, HttpService& service, const HttpServerRules& rules) {
  return std::make_unique<HttpServerCore>(shard, service, rules);
}

}  // namespace tutti::net
