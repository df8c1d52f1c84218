// One WebSocket. Bytes are read and written on the loop; a fiber is entered when there is something for the session and
// runs until all of it is handled. The loop and the fiber never run at the same time.
//
// It ends in steps: `open` until either side says that it closes, or the connection fails; `closing` while our close
// frame leaves and the client's is awaited; `lingering` while bytes still come that nobody reads, so that no reset
// overtakes our last frame; then it is gone as soon as the session knows it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/websocket_server.hpp"
#include "runtime/timers.hpp"

namespace tutti::net {

class WebSocketServerCore;

class WebSocketConnection final : private world::Watcher, private WebSocket {
 public:
  WebSocketConnection(WebSocketServerCore& server, Upgraded upgraded, const WebSocketRules& rules,
                      std::unique_ptr<WebSocketSession> session);
  ~WebSocketConnection();
  WebSocketConnection(const WebSocketConnection&) = delete;
  WebSocketConnection& operator=(const WebSocketConnection&) = delete;

  void begin();
  void next_turn() noexcept;  // reads on, tells the session, sends
  void stop();                // the server goes away
  void kill() noexcept;       // now; may destroy this

  WebSocketConnection* next = nullptr;  // in the server's list
  WebSocketConnection* previous = nullptr;
  bool scheduled = false;

 private:
  enum class Phase : std::uint8_t { open, closing, lingering, gone };
  enum class What : std::uint8_t { message, control, close };
  struct Queued {
    WebSocketMessage::Frame frame;
    What what;
  };
  struct Received {
    wire::websocket::MessageKind kind;
    std::string message;
  };

  // WebSocket
  void send(WebSocketMessage& message) override;
  void close(std::uint16_t code, std::string_view reason) override;

  void on_ready(world::Ready ready) override;
  template <class F>
  void kill_if_it_fails(F what) noexcept;  // out of memory: this connection ends, the others go on
  void end_soon() noexcept;                // may destroy this
  void turn();                             // may destroy this
  void read();
  void read_once();
  void take_bytes(std::string_view bytes);
  void take_step(wire::websocket::ReadStep& step);
  [[nodiscard]] bool may_read() const noexcept;
  void serve();  // enters a fiber if there is something for the session
  void serve_on_fiber() noexcept;
  void tell_session();
  void give_session_up() noexcept;
  [[nodiscard]] bool session_waits() const noexcept;
  void write();
  [[nodiscard]] bool write_some();  // false: there is no more, or no room
  void drop_written(std::size_t bytes);
  void push(WebSocketMessage::Frame frame, What what);
  [[nodiscard]] bool make_room(std::size_t bytes);
  void drop_messages(std::size_t bytes_wanted);  // the oldest, until so much is free
  // Once what has come is handled: what is answered to it leaves before the close frame.
  struct Ending {
    std::uint16_t code;
    std::string reason;
    bool heard;  // the client has closed, or would not be understood any more
  };
  void end_when_handled(Ending ending);
  void begin_close(std::uint16_t code, std::string_view reason);
  void linger();
  void lost() noexcept;  // the connection failed or the client is gone
  void on_timer();
  void arm_timer();
  [[nodiscard]] Instant next_due() const noexcept;
  [[nodiscard]] bool queue_empty() const noexcept { return first_ == queue_.size(); }
  [[nodiscard]] bool done() const noexcept { return phase_ == Phase::gone && !busy_ && session_closed_; }

  WebSocketServerCore& server_;
  std::unique_ptr<world::Connection> connection_;
  std::unique_ptr<WebSocketSession> session_;
  const WebSocketRules rules_;
  wire::websocket::MessageReader reader_;
  std::string kept_;  // read and not looked at yet: the handler is behind
  std::vector<Received> waiting_;
  std::vector<Queued> queue_;  // from first_ on
  std::size_t first_ = 0;
  std::size_t sent_ = 0;          // of the first one
  std::size_t queued_bytes_ = 0;  // of messages
  std::string pong_;  // a frame that goes before the others; of several pings the last is answered (RFC 6455 5.5.3)
  runtime::Timer timer_;
  runtime::FiberHandle fiber_;
  Instant heard_{};                      // of the client, anything
  Instant messaged_{};                   // a message, either way
  Instant deadline_ = Instant::never();  // of closing and lingering
  Instant pinged_ = Instant::never();    // and no answer yet
  std::uint16_t code_ = 0;               // why it ends
  std::string reason_;
  std::optional<Ending> ending_;
  Phase phase_ = Phase::open;
  bool readable_ = true;
  bool hung_up_ = false;  // told once: from then on read until the end
  bool writable_ = true;
  bool busy_ = false;  // a fiber serves the session
  bool session_opened_ = false;
  bool over_ = false;  // the session is to be told that it is closed
  bool session_closed_ = false;
  bool client_closed_ = false;  // its close frame has come, or would not be understood; nothing more is read
  bool in_turn_ = false;
};

}  // namespace tutti::net
