#include "net/http_connection.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <tutti/error.hpp>

#include "net/http_server_core.hpp"
#include "net/tls.hpp"
#include "wire/codes.hpp"
#include "wire/http1/characters.hpp"
#include "wire/http1/problem.hpp"
#include "wire/http1/writer.hpp"

namespace tutti::net {
namespace {

constexpr std::size_t first_read_bytes = 2 * 1024;       // room for the first read: many requests may wait for their answer
constexpr std::size_t read_bytes = 16 * 1024;            // room for one read, once one has filled its room
constexpr std::size_t straight_bytes_min = 4 * 1024;     // a handler's own room for a body that is worth a read
constexpr std::size_t slack_bytes = 64;                  // readable behind a body, for readers that look ahead
constexpr std::size_t out_bytes_max = 256 * 1024;        // of answers that the client does not take; then writing waits
constexpr std::size_t copied_body_bytes_max = 32 * 1024;  // a longer body is sent from where it lies
constexpr std::size_t send_early_bytes = 32 * 1024;      // of a streamed answer: not gathered longer than this
constexpr std::size_t linger_bytes_max = 4 * 1024 * 1024;  // read and dropped after an answer that ends the connection
constexpr std::chrono::nanoseconds linger_after_error = std::chrono::seconds(2);
constexpr std::chrono::nanoseconds linger_after_idle = std::chrono::milliseconds(250);
// How long a kept connection may still ask while the server drains: a client that is at work is answered once more, and
// that answer says that the connection ends, so that no request is under way when it does.
constexpr std::chrono::nanoseconds idle_while_draining = std::chrono::milliseconds(500);
constexpr std::size_t body_progress_bytes_min = 4 * 1024;  // of a buffered body, within body_timeout
constexpr std::size_t unknown_length = static_cast<std::size_t>(-1);

bool without_body(int status) noexcept { return status == 101 || status == 204 || status == 304; }

}  // namespace

HttpConnection::HttpConnection(HttpServerCore& server, std::unique_ptr<world::Connection> connection)
    : server_(server),
      connection_(std::move(connection)),
      timer_(
          [](void* self) noexcept {
            auto* const connection = static_cast<HttpConnection*>(self);
            connection->kill_if_it_fails([connection] { connection->on_timer(); });
          },
          this) {
  peer_.address = connection_->peer();
  peer_.credential = connection_->peer_credential();
  peer_.encrypted = server.encrypted();
}

HttpConnection::~HttpConnection() {
  if (gone_) *gone_ = true;
  if (work_) server_.give_back(std::move(work_));
}

template <class F>
void HttpConnection::kill_if_it_fails(F what) noexcept {
  try {
    what();
  } catch (...) {
    kill();
  }
}

void HttpConnection::begin() {
  kill_if_it_fails([this] {
    connection_->watch(this);
    expect(Phase::idle, server_.limits().header_timeout);  // a connection is opened to be used
    proceed();
  });
}

void HttpConnection::drain() {
  if (busy_ || phase_ == Phase::lingering || pending()) return;
  if (phase_ == Phase::idle) await_request();
  // A request may lie in the socket already: it is answered, and that answer says that the connection ends.
  readable_ = true;
  kill_if_it_fails([this] { proceed(); });
}

void HttpConnection::kill() {
  broken_ = true;
  if (!busy_) return remove();
  fiber_.cancel();
}

void HttpConnection::remove() { server_.remove(*this); }

// ---- the loop's side ---------------------------------------------------------------------------------------------

void HttpConnection::on_ready(world::Ready ready) {
  kill_if_it_fails([this, ready] { take_note(ready); });
}

void HttpConnection::take_note(world::Ready ready) {
  if (ready.readable || ready.hung_up) readable_ = true;
  if (ready.hung_up) hung_up_ = true;
  if (busy_) {
    if ((ready.writable || ready.hung_up) && writer_) writer_->unpark();
    if (reader_) {
      if (readable_) reader_->unpark();
      return;
    }
    if (!ready.hung_up) return;
    // Half a close is no reason to stop: the client may still read. A broken connection is.
    // Only into the room that is there: the handler may hold views into the buffer. The rest can wait.
    while (!ended_ && readable_ && work_->end + slack_bytes < work_->in.size() && fill(1) == Filled::more) {
    }
    if (ended_ && connection_->write(std::span<const std::byte>()).outcome > world::Outcome::again) broken_ = true;
    if (broken_) fiber_.cancel();
    return;
  }
  if (phase_ == Phase::lingering) return linger();
  if (pending()) {
    if (ready.writable || ready.hung_up) send_pending();
    if (broken_) return remove();
    if (pending()) return;
    if (close_) return close_after_answer(linger_after_error);
    await_request();
  }
  proceed();
}

void HttpConnection::expect(Phase phase, std::chrono::nanoseconds timeout) {
  phase_ = phase;
  runtime::Shard& shard = server_.shard();
  expires_ = shard.now() + timeout;
  // Armed earlier is good enough: on_timer looks again. So a busy connection arms its timer once per time-out.
  if (!timer_.armed() || timer_.when() > expires_) timer_.arm(shard.timers(), expires_);
}

void HttpConnection::await_request() {
  const std::chrono::nanoseconds timeout = server_.limits().idle_timeout;
  expect(Phase::idle, server_.draining() ? std::min(timeout, idle_while_draining) : timeout);
}

void HttpConnection::on_timer() {
  if (busy_) return;  // a handler has its own deadline; the timer is armed again after it
  const Instant now = server_.shard().now();
  if (now < expires_) {
    timer_.arm(server_.shard().timers(), expires_);
    if (resume_) proceed();
    return;
  }
  switch (phase_) {
    case Phase::head:
      (void)refuse(408, "the head of the request did not come in time");
      return;
    case Phase::body:
      (void)refuse(408, "the body of the request did not come in time");
      return;
    case Phase::serving:  // the client does not take its answer
      connection_->reset();
      return remove();
    case Phase::idle:
      if (server_.draining()) return close_after_answer(linger_after_idle);
      return remove();
    case Phase::lingering:
      // TLS may still have to say its farewell to a slow reader.
      if (!std::exchange(lingered_, true) && connection_->write(std::span<const std::byte>()).outcome == world::Outcome::again) {
        return expect(Phase::lingering, server_.limits().write_timeout);
      }
      return remove();
  }
}

void HttpConnection::proceed() {
  resume_ = false;
  if (next_request() != Step::serve) return;
  busy_ = entering_ = true;
  bool gone = false;
  gone_ = &gone;
  try {
    server_.shard().enter({.name = "http", .handle = &fiber_}, [](void* self) { static_cast<HttpConnection*>(self)->serve_requests(); }, this);
  } catch (const std::exception& error) {
    // No fiber is to be had, or the shard ends.
    busy_ = entering_ = false;
    gone_ = nullptr;
    (void)refuse(503, error.what());
    return;
  }
  if (gone) return;
  gone_ = nullptr;
  entering_ = false;
  if (!busy_) return after_serving();
  send_pending();  // of a batch whose last request waits
}

void HttpConnection::after_serving() {
  if (!broken_) send_pending();
  if (broken_) {
    connection_->reset();
    return remove();
  }
  if (upgrade_) return hand_over();
  if (pending()) return expect(Phase::serving, server_.limits().write_timeout);
  if (close_) return close_after_answer(linger_after_error);
  if (std::exchange(served_, 0) >= server_.limits().pipelined_max) {
    // Others first; what lies in the buffer is looked at in the next turn.
    await_request();
    resume_ = true;
    return timer_.arm(server_.shard().timers(), server_.shard().now());
  }
  if (phase_ == Phase::serving) await_request();
  // Bytes that came while the fiber waited are told no more.
  if (readable_ || ended_ || server_.draining()) proceed();
}

void HttpConnection::close_after_answer(std::chrono::nanoseconds linger_time) {
  close_ = true;
  send_pending();
  if (broken_) return remove();
  if (pending()) return expect(Phase::serving, server_.limits().write_timeout);
  connection_->shutdown_write();
  if (ended_) return remove();
  expect(Phase::lingering, linger_time);
  readable_ = true;
  linger();
}

void HttpConnection::linger() {
  std::array<std::byte, 4096> dropped;
  for (;;) {
    const world::Transfer moved = connection_->read(dropped);
    if (moved.outcome == world::Outcome::again) return;
    lingered_bytes_ += moved.bytes;
    if (moved.outcome != world::Outcome::done || lingered_bytes_ > linger_bytes_max) return remove();
  }
}

// ---- reading and parsing ------------------------------------------------------------------------------------------

void HttpConnection::take_work() {
  if (!work_) work_ = server_.take_work();
  if (work_->in.size() < first_read_bytes + slack_bytes) work_->in.resize(first_read_bytes + slack_bytes);
}

void HttpConnection::give_work_back() {
  if (work_ && work_->begin == work_->end && !pending()) server_.give_back(std::move(work_));
}

HttpConnection::Filled HttpConnection::fill(std::size_t bytes_wanted) {
  if (ended_) return Filled::ended;
  if (!readable_) return Filled::nothing;
  take_work();
  HttpWork& work = *work_;
  if (work.in.size() - slack_bytes - work.end < bytes_wanted) {
    // First what lies before the request, then more memory: doubled, so that a large body is not moved often, and not
    // more than twice what has come, so that an announced length alone costs nothing.
    if (work.begin != 0) {
      std::memmove(work.in.data(), work.in.data() + work.begin, work.end - work.begin);
      work.end -= work.begin;
      work.unread -= std::min(work.unread, work.begin);
      work.begin = 0;
    }
    if (work.in.size() - slack_bytes == work.end) {
      work.in.resize(work.end + std::clamp(bytes_wanted, read_bytes, std::max(work.end, read_bytes)) + slack_bytes);
    }
    work.parser.rebase(work.in.data() + work.begin);
  }
  const std::size_t room = work.in.size() - slack_bytes - work.end;
  const world::Transfer moved = connection_->read(std::as_writable_bytes(std::span(work.in.data() + work.end, room)));
  if (moved.outcome == world::Outcome::done) work.end += moved.bytes;
  return noted(moved, room);
}

HttpConnection::Filled HttpConnection::noted(const world::Transfer& moved, std::size_t room) {
  switch (moved.outcome) {
    case world::Outcome::done:
      if (moved.bytes < room && !hung_up_) readable_ = false;  // drained: the next bytes are told
      return Filled::more;
    case world::Outcome::again:
      readable_ = false;
      return Filled::nothing;
    case world::Outcome::failed:
      broken_ = true;
      [[fallthrough]];
    case world::Outcome::closed:
      ended_ = true;
      readable_ = false;
      return Filled::ended;
  }
  return Filled::nothing;
}

// Nothing more comes, but answers of this turn may still have to leave: the client may have closed only its half.
HttpConnection::Step HttpConnection::lost() {
  if (broken_ || !pending()) {
    remove();
  } else {
    close_after_answer(linger_after_idle);
  }
  return Step::closed;
}

HttpConnection::Step HttpConnection::next_request() {
  if (phase_ == Phase::body) return gather_body();
  for (;;) {
    if (work_ && work_->begin < work_->end) {
      switch (work_->parser.parse({work_->in.data() + work_->begin, work_->end - work_->begin})) {
        case wire::http1::RequestParser::State::complete:
          return admit();
        case wire::http1::RequestParser::State::refused:
          return refuse(work_->parser.refusal().status, work_->parser.refusal().reason);
        case wire::http1::RequestParser::State::need_more:
          break;
      }
    }
    switch (fill(1)) {
      case Filled::more:
        continue;
      case Filled::ended:
        return lost();
      case Filled::nothing:
        break;
    }
    if (work_ && work_->begin < work_->end) {
      if (phase_ != Phase::head) expect(Phase::head, server_.limits().header_timeout);
    } else {
      give_work_back();
      if (phase_ == Phase::serving) await_request();
    }
    return Step::wait;
  }
}

HttpConnection::Step HttpConnection::admit() {
  HttpWork& work = *work_;
  const wire::http1::RequestHead& head = work.parser.head();
  received_ = server_.shard().now();
  work.unread = work.begin + head.bytes;
  answer_ = Answer::none;
  answer_bytes_ = 0;
  body_ = piece_ = {};
  close_ = !head.keep_alive || server_.draining();
  phase_ = Phase::serving;
  if (head.method == wire::http1::Method::connect || head.method == wire::http1::Method::trace) {
    return refuse(501, "this server answers neither CONNECT nor TRACE");
  }
  // Hands are shaken: there is a request.
  if (server_.certificates() && peer_.certificate_name.empty()) peer_.certificate_name = static_cast<TlsConnection&>(*connection_).peer_name();
  admission_ = server_.service().admit(head, peer_);
  const bool streamed = admission_.body == Admission::Body::streamed;
  body_left_ = streamed && head.framing != wire::http1::Framing::none;
  continue_due_ = head.expect_continue && head.framing != wire::http1::Framing::none;
  if (head.framing == wire::http1::Framing::none) return Step::serve;
  std::uint64_t limit = admission_.body_bytes_max;
  if (limit == 0) limit = streamed ? server_.limits().stream_bytes_max : server_.limits().body_bytes_max;
  if (head.framing == wire::http1::Framing::length && head.content_length > limit) return refuse(413, "the body is longer than this route takes");
  wire::http1::Limits limits = server_.parser_limits();
  limits.body_bytes = limit;
  work.body_decoder = wire::http1::BodyDecoder(head.framing, head.content_length, limits);
  if (streamed) return Step::serve;
  return gather_body();
}

HttpConnection::Step HttpConnection::gather_body() {
  return work_->parser.head().framing == wire::http1::Framing::length ? gather_length() : gather_chunks();
}

HttpConnection::Step HttpConnection::gather_length() {
  const std::size_t wanted = static_cast<std::size_t>(work_->parser.head().content_length);
  for (;;) {
    const std::size_t here = work_->end - work_->unread;
    if (here >= wanted) break;
    if (std::exchange(continue_due_, false)) send_continue();
    switch (fill(wanted - here)) {
      case Filled::more:
        continue;
      case Filled::ended:
        return lost();
      case Filled::nothing:
        await_body(here);
        return Step::wait;
    }
  }
  body_ = {work_->in.data() + work_->unread, wanted};
  work_->unread += wanted;
  phase_ = Phase::serving;
  return Step::serve;
}

HttpConnection::Step HttpConnection::gather_chunks() {
  using State = wire::http1::BodyStep::State;
  for (;;) {
    HttpWork& work = *work_;
    const wire::http1::BodyStep step = work.body_decoder.next({work.in.data() + work.unread, work.end - work.unread});
    work.unread += step.consumed;
    switch (step.state) {
      case State::piece:
        work.body.append(step.piece);
        continue;
      case State::trailer:
        continue;  // no field of a trailer means anything to us
      case State::complete:
        work.body.reserve(work.body.size() + slack_bytes);
        body_ = work.body;
        phase_ = Phase::serving;
        return Step::serve;
      case State::refused:
        return refuse(step.refusal.status, step.refusal.reason);
      case State::need_more:
        break;
    }
    if (std::exchange(continue_due_, false)) send_continue();
    drop_used();
    make_room_for_body();
    switch (fill(1)) {
      case Filled::more:
        continue;
      case Filled::ended:
        return lost();
      case Filled::nothing:
        await_body(work.body.size());
        return Step::wait;
    }
  }
}

// A body that drips would hold its connection for ever, if each byte of it were progress.
void HttpConnection::await_body(std::size_t bytes_here) {
  if (phase_ == Phase::body && bytes_here < body_bytes_due_) return;
  body_bytes_due_ = bytes_here + body_progress_bytes_min;
  expect(Phase::body, server_.limits().body_timeout);
}

// The head stays where it is; what was used of the body makes room.
void HttpConnection::drop_used() {
  HttpWork& work = *work_;
  const std::size_t body_begin = work.begin + work.parser.head().bytes;
  if (work.unread == body_begin) return;
  std::memmove(work.in.data() + body_begin, work.in.data() + work.unread, work.end - work.unread);
  work.end -= work.unread - body_begin;
  work.unread = body_begin;
}

// What is used of a body is dropped before more is read, so it would never fill the room of the first read.
void HttpConnection::make_room_for_body() {
  HttpWork& work = *work_;
  if (work.in.size() >= read_bytes + slack_bytes) return;
  work.in.resize(read_bytes + slack_bytes);
  work.parser.rebase(work.in.data() + work.begin);
}

void HttpConnection::send_continue() {
  work_->out.append(wire::http1::continue_response);
  send_pending();
}

HttpConnection::Step HttpConnection::refuse(int status, std::string_view reason) {
  server_.service().refused(status, reason, peer_);
  take_work();
  close_ = true;
  std::string body;
  wire::http1::Problem problem = wire::http1::problem_of(wire::code_of_http_status(status), reason);
  problem.status = status;
  wire::http1::append_problem(body, problem);
  wire::http1::ResponseWriter writer(work_->out, status);
  writer.date(server_.date());
  writer.content_type(wire::http1::problem_type);
  for (const HttpServerCore::FixedHeader& fixed : server_.fixed_headers()) work_->out.append(fixed.line);
  if (status == 503) (void)writer.field("retry-after", "1");
  writer.close();
  writer.content_length(body.size());
  work_->out.append(body);
  close_after_answer(linger_after_error);
  return Step::closed;
}

// ---- the fiber's side ---------------------------------------------------------------------------------------------

void HttpConnection::serve_requests() {
  try {
    if (!serve_batch()) return;
  } catch (...) {
    broken_ = true;  // out of memory between two requests
  }
  busy_ = false;
  if (!entering_) kill_if_it_fails([this] { after_serving(); });
}

bool HttpConnection::serve_batch() {
  for (;;) {
    serve_one();
    end_request();
    ++served_;
    // Nobody is below to send it once the fiber has waited.
    if (!entering_ && !broken_) send_pending();
    if (broken_ || close_ || upgrade_ || served_ >= server_.limits().pipelined_max || (work_ && work_->out.size() - work_->sent > out_bytes_max)) return true;
    busy_ = false;
    const Step step = next_request();
    if (step == Step::closed) return false;
    if (step == Step::wait) return true;
    busy_ = true;
  }
}

void HttpConnection::serve_one() {
  server_.request_began();
  bool failed = false;
  try {
    server_.service().serve(*this);
    if (answer_ == Answer::started) finish();
  } catch (...) {
    failed = true;  // the service has its own words for what its handlers throw; this is the last resort
  }
  server_.request_ended();
  if (answer_ == Answer::done || broken_) return;
  if (answer_ == Answer::started || failed) close_ = true;
  if (answer_ == Answer::started) {
    broken_ = true;  // the client learns by the break that the answer is not whole
    return;
  }
  try {
    std::string body;
    wire::http1::append_problem(body, wire::http1::problem_of(Code::internal, "the request failed; the log says why"));
    respond(500, wire::http1::problem_type, body, {});
  } catch (...) {
    broken_ = true;  // the client has gone as well, or there is no memory for the words
  }
}

// A handler may leave some of a streamed body: what is here already can be passed over. Where it ends in the buffer, or
// npos if not all of it has come.
std::size_t HttpConnection::end_of_body() const {
  using State = wire::http1::BodyStep::State;
  const HttpWork& work = *work_;
  wire::http1::BodyDecoder decoder = work.body_decoder;  // a copy: the handler may read on
  for (std::size_t at = work.unread;;) {
    const wire::http1::BodyStep step = decoder.next({work.in.data() + at, work.end - at});
    at += step.consumed;
    if (step.state == State::complete) return at;
    if (step.state == State::need_more || step.state == State::refused) return std::string::npos;
  }
}

void HttpConnection::end_request() {
  HttpWork& work = *work_;
  if (body_left_) {
    const std::size_t end = end_of_body();
    if (end == std::string::npos) {
      close_ = true;
    } else {
      work.unread = end;
    }
  }
  body_left_ = false;
  body_ = piece_ = {};
  work.parser.clear();
  work.body.clear();
  work.begin = work.unread;
  if (work.begin == work.end) work.begin = work.unread = work.end = 0;
}

std::size_t HttpConnection::read(std::span<std::byte> into) {
  using State = wire::http1::BodyStep::State;
  if (into.empty()) return 0;
  while (piece_.empty()) {
    if (!body_left_) return 0;
    HttpWork& work = *work_;
    const wire::http1::BodyStep step = work.body_decoder.next({work.in.data() + work.unread, work.end - work.unread});
    work.unread += step.consumed;
    switch (step.state) {
      case State::piece:
        piece_ = step.piece;
        break;
      case State::trailer:
        break;
      case State::complete:
        body_left_ = false;
        return 0;
      case State::refused:
        close_ = true;
        throw Error(step.refusal.status == 413 ? Code::resource_exhausted : Code::invalid_argument, std::string(step.refusal.reason));
      case State::need_more:
        if (into.size() >= straight_bytes_min && work.body_decoder.length_left() > 0 && work.unread == work.end) {
          return read_straight(into);
        }
        read_more();
        break;
    }
  }
  const std::size_t count = std::min(into.size(), piece_.size());
  std::memcpy(into.data(), piece_.data(), count);
  piece_.remove_prefix(count);
  return count;
}

void HttpConnection::read_more() {
  before_reading_body();
  make_room_for_body();
  while (!body_came(fill(1))) wait_for_body();
}

// A long body goes to the handler without a copy: the buffer has nothing of it left, and nothing but the body is asked for.
std::size_t HttpConnection::read_straight(std::span<std::byte> into) {
  before_reading_body();
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), work_->body_decoder.length_left()));
  for (;;) {
    world::Transfer moved{.outcome = world::Outcome::again};
    if (!ended_ && readable_) moved = connection_->read(into.first(room));
    if (body_came(ended_ ? Filled::ended : noted(moved, room))) {
      (void)work_->body_decoder.next({reinterpret_cast<const char*>(into.data()), moved.bytes});
      return moved.bytes;
    }
    wait_for_body();
  }
}

void HttpConnection::before_reading_body() {
  if (std::exchange(continue_due_, false)) send_continue();
  drop_used();
}

bool HttpConnection::body_came(Filled filled) {
  if (filled == Filled::ended) {
    close_ = true;
    throw Error(Code::cancelled, "the client stopped in the middle of the body");
  }
  return filled == Filled::more;
}

void HttpConnection::wait_for_body() {
  runtime::Parker parker;
  reader_ = &parker;
  struct Clear {
    runtime::Parker*& reader;
    ~Clear() { reader = nullptr; }
  } clear{reader_};
  if (!parker.park(server_.shard().now() + server_.limits().body_timeout, "the body of a request")) {
    close_ = true;
    throw Error(Code::deadline_exceeded, "the body of the request did not come in time");
  }
}

// ---- answers ------------------------------------------------------------------------------------------------------

void HttpConnection::append_head(int status, std::string_view content_type, std::span<const HttpHeader> headers, std::size_t content_length) {
  const std::size_t before = work_->out.size();
  try {
    write_head(status, content_type, headers, content_length);
  } catch (...) {
    work_->out.resize(before);  // no half of a head stays
    throw;
  }
}

void HttpConnection::write_head(int status, std::string_view content_type, std::span<const HttpHeader> headers, std::size_t content_length) {
  const wire::http1::RequestHead& request = work_->parser.head();
  const bool old = request.version == wire::http1::Version::http10;
  wire::http1::ResponseWriter writer(work_->out, status);
  writer.date(server_.date());
  if (!server_.server_name().empty()) (void)writer.field("server", server_.server_name());
  if (!content_type.empty()) writer.content_type(content_type);
  for (const HttpServerCore::FixedHeader& fixed : server_.fixed_headers()) {
    const bool brought = std::ranges::any_of(headers, [&fixed](const HttpHeader& header) { return wire::http1::equal_ignoring_case(header.name, fixed.name); });
    if (!brought) work_->out.append(fixed.line);
  }
  for (const HttpHeader& header : headers) {
    if (!writer.field(header.name, header.value)) {
      throw Error(Code::internal, "the header \"" + std::string(header.name) + "\" has a character that HTTP does not allow");
    }
  }
  chunked_ = content_length == unknown_length && !old && !without_body(status);
  sized_ = content_length != unknown_length;
  length_left_ = sized_ ? content_length : 0;
  if (!sized_ && old) close_ = true;  // the end of the connection is the end of the body
  // The handler need not read what is still to come, and the client must know now that nothing is taken behind it.
  if (body_left_ && end_of_body() == std::string::npos) close_ = true;
  if (status == 101) {
    // Connection: upgrade is among the headers.
  } else if (close_) {
    writer.close();
  } else if (old) {
    writer.keep_alive();
  }
  if (without_body(status)) {
    writer.no_body();
  } else if (sized_) {
    writer.content_length(content_length);
  } else if (chunked_) {
    writer.chunked();
  } else {
    writer.no_body();
  }
}

void HttpConnection::respond(int status, std::string_view content_type, std::string_view body, std::span<const HttpHeader> headers) {
  if (broken_) throw Error(Code::cancelled, "the client has gone");
  append_head(status, content_type, headers, body.size());
  answer_ = Answer::done;
  if (head_only() || without_body(status)) return;
  answer_bytes_ = body.size();
  try {
    if (body.size() > copied_body_bytes_max) return send_from(body);
    work_->out.append(body);
    wait_for_room();
  } catch (...) {
    broken_ = true;  // cancelled, or too late: the client must not take another answer for the rest of this one
    throw;
  }
}

void HttpConnection::start(int status, std::string_view content_type, std::span<const HttpHeader> headers, std::size_t content_length) {
  if (broken_) throw Error(Code::cancelled, "the client has gone");
  append_head(status, content_type, headers, content_length);
  answer_ = Answer::started;
}

void HttpConnection::write(std::string_view bytes) {
  if (broken_) throw Error(Code::cancelled, "the client has gone");
  answer_bytes_ += bytes.size();
  if (sized_) {
    if (bytes.size() > length_left_) throw Error(Code::internal, "the answer is longer than the content length that it began with");
    length_left_ -= bytes.size();
  }
  if (head_only()) return;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, send_early_bytes);
    bytes.remove_prefix(piece.size());
    try {
      if (chunked_) {
        wire::http1::append_chunk(work_->out, piece);
      } else {
        work_->out.append(piece);
      }
    } catch (...) {
      broken_ = true;  // out of memory, with some of it written
      throw;
    }
    if (work_->out.size() - work_->sent >= send_early_bytes) send_pending();
    wait_for_room();
  }
}

void HttpConnection::flush() {
  send_pending();
  wait_for_room();
}

void HttpConnection::finish() {
  if (answer_ != Answer::started) return;
  if (sized_ && length_left_ != 0 && !head_only()) throw Error(Code::internal, "the answer is shorter than the content length that it began with");
  if (chunked_ && !head_only()) work_->out.append(wire::http1::last_chunk);
  answer_ = Answer::done;
}

void HttpConnection::upgrade(std::span<const HttpHeader> headers, std::function<void(Upgraded)> take) {
  if (broken_) throw Error(Code::cancelled, "the client has gone");
  append_head(101, {}, headers, unknown_length);
  answer_ = Answer::done;
  upgrade_ = std::move(take);
}

void HttpConnection::hand_over() noexcept {
  bool removed = false;
  try {
    Upgraded upgraded{.connection = std::move(connection_), .peer = std::move(peer_)};
    upgraded.connection->watch(nullptr);
    if (work_) {
      upgraded.received.assign(work_->in, work_->begin, work_->end - work_->begin);
      upgraded.unsent.assign(work_->out, work_->sent);
    }
    const std::function<void(Upgraded)> take = std::move(upgrade_);
    removed = true;
    remove();
    take(std::move(upgraded));
  } catch (...) {
    if (!removed) remove();  // out of memory: the connection ends, the others go on
  }
}

void HttpConnection::send_pending() {
  if (!work_) return;
  HttpWork& work = *work_;
  while (work.sent < work.out.size()) {
    const world::Transfer moved = connection_->write(std::as_bytes(std::span(work.out.data() + work.sent, work.out.size() - work.sent)));
    if (moved.outcome == world::Outcome::again) return;
    if (moved.outcome != world::Outcome::done) {
      broken_ = true;
      return;
    }
    work.sent += moved.bytes;
  }
  work.out.clear();
  work.sent = 0;
  // Between requests nothing is held.
  if (!busy_) give_work_back();
}

// The head that is pending and then a long body, without copying it.
void HttpConnection::send_from(std::string_view bytes) {
  HttpWork& work = *work_;
  while (!bytes.empty()) {
    const std::array<std::span<const std::byte>, 2> parts{
        std::as_bytes(std::span(work.out.data() + work.sent, work.out.size() - work.sent)), std::as_bytes(std::span(bytes))};
    const world::Transfer moved = connection_->write(std::span<const std::span<const std::byte>>(parts));
    if (moved.outcome == world::Outcome::again) {
      wait_until_writable();
      continue;
    }
    if (moved.outcome != world::Outcome::done) {
      broken_ = true;
      throw Error(Code::cancelled, "the client has gone");
    }
    const std::size_t of_head = std::min(moved.bytes, parts[0].size());
    work.sent += of_head;
    bytes.remove_prefix(moved.bytes - of_head);
    if (work.sent == work.out.size()) {
      work.out.clear();
      work.sent = 0;
    }
  }
}

void HttpConnection::wait_for_room() {
  while (work_->out.size() - work_->sent > out_bytes_max) {
    send_pending();
    if (broken_) throw Error(Code::cancelled, "the client has gone");
    if (work_->out.size() - work_->sent > out_bytes_max) wait_until_writable();
  }
}

void HttpConnection::wait_until_writable() {
  runtime::Parker parker;
  writer_ = &parker;
  struct Clear {
    runtime::Parker*& writer;
    ~Clear() { writer = nullptr; }
  } clear{writer_};
  if (!parker.park(server_.shard().now() + server_.limits().write_timeout, "a client that does not read")) {
    broken_ = true;
    throw Error(Code::cancelled, "the client did not take its answer in time");
  }
}

}  // namespace tutti::net
