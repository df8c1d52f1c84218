#include "client/http_pool.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <tutti/scope.hpp>

namespace tutti::client {
namespace {

constexpr std::size_t read_bytes = 16 * 1024;

wire::http1::Limits limits_for(std::uint64_t body_bytes_max) {
  wire::http1::Limits limits;
  limits.body_bytes = body_bytes_max;
  return limits;
}

}  // namespace

void HttpConnection::send(std::string_view head, std::string_view body) {
  head_bytes_.clear();
  complete_ = false;
  const std::array<std::span<const std::byte>, 2> parts{std::as_bytes(std::span(head)), std::as_bytes(std::span(body))};
  stream_->write(std::span<const std::span<const std::byte>>(parts.data(), body.empty() ? 1 : 2));
}

std::size_t HttpConnection::read_more(std::string& into) {
  const std::size_t before = into.size();
  into.resize(before + read_bytes);
  std::size_t count = 0;
  try {
    count = stream_->read(std::as_writable_bytes(std::span(into.data() + before, read_bytes)));
  } catch (...) {
    into.resize(before);
    throw;
  }
  into.resize(before + count);
  return count;
}

const wire::http1::ResponseHead& HttpConnection::receive(wire::http1::Method request, std::uint64_t body_bytes_max) {
  using State = wire::http1::ResponseParser::State;
  head_bytes_.clear();
  complete_ = false;
  parser_ = wire::http1::ResponseParser(limits_for(body_bytes_max));
  parser_.expect(request);
  for (;;) {
    const State state = parser_.parse(head_bytes_);
    if (state == State::complete) break;
    if (state == State::refused) {
      throw Error(Code::internal,
                  peer() + " sent an answer that is not HTTP: " + std::string(parser_.refusal().reason));
    }
    if (read_more(head_bytes_) == 0)
      throw Error(Code::unavailable, peer() + " closed the connection without an answer");
  }
  const wire::http1::ResponseHead& head = parser_.head();
  body_bytes_.assign(head_bytes_, head.bytes);
  body_at_ = 0;
  body_ = wire::http1::BodyDecoder(head.framing, head.content_length, limits_for(body_bytes_max));
  complete_ = head.framing == wire::http1::Framing::none;
  return head;
}

std::string_view HttpConnection::next_piece() {
  using State = wire::http1::BodyStep::State;
  while (!complete_) {
    const wire::http1::BodyStep step = body_.next(std::string_view(body_bytes_).substr(body_at_));
    body_at_ += step.consumed;
    switch (step.state) {
      case State::piece:
        return step.piece;
      case State::trailer:
        break;
      case State::complete:
        complete_ = true;
        break;
      case State::refused:
        throw Error(step.refusal.status == 413 ? Code::resource_exhausted : Code::internal,
                    "the body of the answer of " + peer() + " was refused: " + std::string(step.refusal.reason));
      case State::need_more:
        body_bytes_.erase(0, body_at_);
        body_at_ = 0;
        if (read_more(body_bytes_) == 0) {
          if (!body_.ends_here())
            throw Error(Code::unavailable, "the answer of " + peer() + " broke off within its body");
          complete_ = true;
        }
        break;
    }
  }
  return {};
}

std::string HttpConnection::read_body() {
  std::string body;
  for (std::string_view piece = next_piece(); !piece.empty(); piece = next_piece()) body.append(piece);
  return body;
}

HttpPool::HttpPool(runtime::Shard& shard, Origin origin, Rules rules)
    : shard_(shard), origin_(std::move(origin)), rules_(std::move(rules)), places_(rules_.connections_max) {}

HttpPool::Lease::~Lease() {
  if (pool_) pool_->give_back(std::move(connection_));
}

HttpPool::Lease HttpPool::take(Choice choice) {
  places_.acquire();
  // A fresh one takes a kept one's place: calls that want nothing else would leave more and more of them behind.
  if (choice == Choice::fresh && !idle_.empty()) idle_.erase(idle_.begin());
  try {
    while (choice == Choice::kept_or_new && !idle_.empty()) {
      auto kept = std::move(idle_.back());
      idle_.pop_back();
      if (shard_.now() - kept->idle_since < kept_idle_max && kept->quiet())
        return {shared_from_this(), std::move(kept), true};
    }
    return {shared_from_this(), connect(), false};
  } catch (...) {
    places_.release();
    throw;
  }
}

std::unique_ptr<HttpConnection> HttpPool::connect() {
  net::TlsClient* const tls = origin_.security == Security::tls ? rules_.tls() : nullptr;
  try {
    return with_deadline(rules_.connect_timeout, [&] {
      return std::make_unique<HttpConnection>(net::connect(shard_, origin_.address, tls, origin_.name));
    });
  } catch (const Error& error) {
    if (error.code() != Code::deadline_exceeded || runtime::deadline() <= shard_.read_clock()) throw;
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(rules_.connect_timeout);
    throw Error(Code::unavailable, "cannot connect to " + world::to_string(origin_.address) + ": no answer within " +
                                       std::to_string(waited.count()) + " ms");
  }
}

void HttpPool::give_back(std::unique_ptr<HttpConnection> connection) noexcept {
  if (connection && !closed_ && connection->reusable()) {
    connection->idle_since = shard_.now();
    idle_.push_back(std::move(connection));
  }
  places_.release();
}

void HttpPool::close() {
  closed_ = true;
  idle_.clear();
}

HttpPool::Lease exchange(HttpPool& pool, std::string_view head, std::string_view body, wire::http1::Method method,
                         Resend resend, std::uint64_t body_bytes_max) {
  for (HttpPool::Choice choice = HttpPool::Choice::kept_or_new;; choice = HttpPool::Choice::fresh) {
    std::optional<HttpPool::Lease> lease;
    try {
      lease.emplace(pool.take(choice));
    } catch (const Error& error) {
      throw WireError(Fate::unsent, error);
    }
    bool sent = false;
    try {
      (*lease)->send(head, body);
      sent = true;
      (void)(*lease)->receive(method, body_bytes_max);
      return std::move(*lease);
    } catch (const Error& error) {
      // The server closed it just now, as it may: nothing is wrong with the server.
      const bool stale = error.code() == Code::unavailable && lease->kept() && !(*lease)->answer_begun();
      if (!stale || (sent && resend == Resend::if_unsent)) throw WireError(sent ? Fate::unknown : Fate::unsent, error);
    }
  }
}

}  // namespace tutti::client
