// One HTTP connection: bytes in, requests one after the other, answers out. Parsing happens on the loop; a fiber is entered
// when a request can be served, answers it, and goes on with the next one if that lies in the buffer already, so
// that the answers to a batch of pipelined requests leave in one write. Between requests the connection holds no
// buffers. The loop and the fiber never run at the same time, so nothing here is locked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_server.hpp"
#include "runtime/parker.hpp"
#include "runtime/shard.hpp"
#include "runtime/timers.hpp"
#include "wire/http1/body.hpp"
#include "wire/http1/request_parser.hpp"

namespace tutti::net {

class HttpServerCore;

// What a connection needs only while a request is on its way; pooled by the server.
struct HttpWork {
  explicit HttpWork(const wire::http1::Limits& limits) : parser(limits) {}

  wire::http1::RequestParser parser;
  wire::http1::BodyDecoder body_decoder;
  std::string in;          // the buffer: [begin, end) is the current request and what came behind it
  std::size_t begin = 0;
  std::size_t unread = 0;  // behind the head and what was used of the body
  std::size_t end = 0;
  std::string body;     // of a chunked, buffered request
  std::string out;      // answers not yet sent: [sent, size)
  std::size_t sent = 0;
};

class HttpConnection final : private world::Watcher, private HttpExchange {
 public:
  HttpConnection(HttpServerCore& server, std::unique_ptr<world::Connection> connection);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void begin();  // after the constructor: looks whether bytes are there already
  // The server drains: the next answer says that the connection ends; one that stays idle is closed soon.
  void drain();
  // Ends it now; a running handler is cancelled and the connection goes when it has ended.
  void kill();
  [[nodiscard]] bool busy() const noexcept { return busy_; }

  HttpConnection* next = nullptr;  // in the server's list
  HttpConnection* previous = nullptr;

 private:
  enum class Phase : std::uint8_t { idle, head, body, serving, lingering };
  enum class Step : std::uint8_t { serve, wait, closed };
  enum class Answer : std::uint8_t { none, started, done };

  // HttpExchange
  const wire::http1::RequestHead& head() const override { return work_->parser.head(); }
  const void* target() const override { return admission_.target; }
  const Peer& peer() const override { return peer_; }
  Instant received() const override { return received_; }
  std::string_view body() const override { return body_; }
  std::size_t read(std::span<std::byte> into) override;
  void respond(int status, std::string_view content_type, std::string_view body, std::span<const HttpHeader> headers) override;
  void start(int status, std::string_view content_type, std::span<const HttpHeader> headers, std::size_t content_length) override;
  void write(std::string_view bytes) override;
  void flush() override;
  void finish() override;
  void upgrade(std::span<const HttpHeader> headers, std::function<void(Upgraded)> take) override;
  bool started() const override { return answer_ != Answer::none; }
  bool peer_gone() const override { return broken_; }
  std::uint64_t bytes_sent() const override { return answer_bytes_; }

  void on_ready(world::Ready ready) override;
  template <class F>
  void kill_if_it_fails(F what) noexcept;  // out of memory: this connection ends, the others go on
  void take_note(world::Ready ready);
  void on_timer();
  void proceed();                // on the loop: serves what is there, then waits or closes
  void after_serving();          // the fiber has ended, the loop has the connection again
  Step next_request();           // `serve`: a request is there, as complete as its handler wants it
  Step admit();
  Step gather_body();
  Step gather_length();
  Step gather_chunks();
  void await_body(std::size_t bytes_here);
  Step refuse(int status, std::string_view reason);
  void serve_requests();         // on the fiber
  [[nodiscard]] bool serve_batch();  // false: this may be gone
  void serve_one();
  void end_request();
  [[nodiscard]] std::size_t end_of_body() const;
  enum class Filled : std::uint8_t { more, nothing, ended };
  Filled fill(std::size_t bytes_wanted);  // one read at most
  Filled noted(const world::Transfer& moved, std::size_t room);
  Step lost();                   // the bytes stopped in the middle of a request
  void drop_used();              // moves what is not used yet to where the body begins
  void read_more();              // waits for bytes of a streamed body
  [[nodiscard]] std::size_t read_straight(std::span<std::byte> into);
  void before_reading_body();
  [[nodiscard]] bool body_came(Filled filled);
  void wait_for_body();
  void make_room_for_body();
  void take_work();
  void give_work_back();
  void write_head(int status, std::string_view content_type, std::span<const HttpHeader> headers, std::size_t content_length);
  void append_head(int status, std::string_view content_type, std::span<const HttpHeader> headers, std::size_t content_length);
  void send_pending();           // does not wait
  void send_from(std::string_view bytes);  // waits
  void wait_for_room();          // until little enough is pending
  void wait_until_writable();
  void send_continue();
  [[nodiscard]] bool pending() const noexcept { return work_ && work_->sent < work_->out.size(); }
  [[nodiscard]] bool head_only() const noexcept { return work_->parser.head().method == wire::http1::Method::head; }
  void expect(Phase phase, std::chrono::nanoseconds timeout);
  void hand_over() noexcept;  // to the protocol that follows; destroys this
  void await_request();  // expects the next one; while the server drains, not for long
  // Half-closes and reads on for a while, so that no reset destroys the answer on its way.
  void close_after_answer(std::chrono::nanoseconds linger_time);
  void linger();
  void remove();                 // destroys this

  HttpServerCore& server_;
  std::unique_ptr<world::Connection> connection_;
  Peer peer_;
  std::unique_ptr<HttpWork> work_;
  Admission admission_;
  std::function<void(Upgraded)> upgrade_;  // set: the connection leaves HTTP behind this request
  std::string_view body_;       // buffered
  std::string_view piece_;      // of a streamed body, not handed out yet
  runtime::Timer timer_;
  runtime::FiberHandle fiber_;
  runtime::Parker* reader_ = nullptr;  // the fiber waits for bytes
  runtime::Parker* writer_ = nullptr;  // or for room
  bool* gone_ = nullptr;               // told when this is destroyed while the loop is in proceed()
  Instant received_{};
  Instant expires_ = Instant::never();  // of the phase; the timer may be armed earlier
  std::uint64_t answer_bytes_ = 0;      // of the answer's body
  std::uint64_t length_left_ = 0;       // of an answer with a content length
  std::size_t served_ = 0;              // in this turn
  std::size_t lingered_bytes_ = 0;
  Phase phase_ = Phase::idle;
  Answer answer_ = Answer::none;
  bool busy_ = false;          // a fiber serves
  bool entering_ = false;      // that fiber has not waited yet: the loop is below it and will send
  bool readable_ = true;       // a read may give something
  bool hung_up_ = false;       // told once: from then on read until the end
  bool ended_ = false;         // the client has finished writing
  bool broken_ = false;        // the connection failed, or was killed
  bool close_ = false;         // after the answer
  bool chunked_ = false;       // the answer
  bool sized_ = false;         // the answer: has a content length
  std::size_t body_bytes_due_ = 0;  // of a buffered body, until expires_
  bool body_left_ = false;     // a streamed body has not been read to its end
  bool continue_due_ = false;  // "100 Continue" was asked for and not sent
  bool lingered_ = false;      // for as long as is usual
  bool resume_ = false;        // others were let first
};

}  // namespace tutti::net
