// An http service that turns every request into a WebSocket, a session that notes what it is told, and a client that
// speaks in frames.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_fixture.hpp"
#include "net/websocket_server.hpp"
#include "wire/websocket/given.hpp"

namespace tutti::net::testing {

namespace frames = wire::websocket::testing;
using wire::websocket::Opcode;

// "wait" takes a second, "wait long" an hour; "send N" answers with N messages; "close" closes; "all" tells everybody.
class NotingSession final : public WebSocketSession {
 public:
  NotingSession(std::vector<std::string>& notes, std::vector<NotingSession*>& all) : notes_(notes), all_(all) {}
  ~NotingSession() override {
    std::erase(all_, this);
    notes_.emplace_back("gone");
  }

  void opened(WebSocket& socket) override {
    socket_ = &socket;
    all_.push_back(this);
    notes_.emplace_back("opened");
  }
  void received(wire::websocket::MessageKind, std::string message) override {
    notes_.push_back(message);
    if (message == "wait") tutti::sleep(1s);
    if (message == "wait long") tutti::sleep(1h);
    if (message == "throw") throw std::runtime_error("on purpose");
    if (message == "close") return socket_->close(4000, "as you wish");
    if (message.starts_with("send ")) {
      for (int i = 0; i < std::stoi(message.substr(5)); ++i) send(std::to_string(i));
      return;
    }
    if (message == "all") {
      WebSocketMessage to_all(std::string(1000, 'x'));
      for (NotingSession* const one : all_) one->socket_->send(to_all);
      return;
    }
    send(message);
  }
  void closed(std::uint16_t code, std::string_view reason) override {
    std::erase(all_, this);
    notes_.push_back("closed " + std::to_string(code) + (reason.empty() ? "" : " " + std::string(reason)));
  }

 private:
  void send(std::string text) {
    WebSocketMessage message(std::move(text));
    socket_->send(message);
  }

  std::vector<std::string>& notes_;
  std::vector<NotingSession*>& all_;
  WebSocket* socket_ = nullptr;
};

class UpgradingService final : public HttpService {
 public:
  Admission admit(const wire::http1::RequestHead&, const Peer&) override { return {}; }
  void serve(HttpExchange& exchange) override {
    const HttpHeader headers[] = {{"connection", "upgrade"}, {"upgrade", "websocket"}};
    exchange.upgrade(headers, [this](Upgraded upgraded) {
      websockets->take(std::move(upgraded), rules, std::make_unique<NotingSession>(notes, all));
    });
  }
  void refused(int, std::string_view, const Peer&) override {}

  WebSocketServer* websockets = nullptr;
  WebSocketRules rules;
  std::vector<std::string> notes;
  std::vector<NotingSession*> all;
};

// Both servers of a shard, in the order in which they have to go.
struct WebSockets {
  explicit WebSockets(const WebSocketLimits& limits, WebSocketRules rules = {})
      : websockets(serve_websockets(this_shard(), limits)) {
    service.websockets = websockets.get();
    service.rules = rules;
    http = serve_http(this_shard(), service, {.listen = *world::parse_address("127.0.0.1:0")});
  }
  [[nodiscard]] bool noted(std::string_view what, std::chrono::nanoseconds within = 5s) {
    const Instant until = this_shard().read_clock() + within;
    while (std::find(service.notes.begin(), service.notes.end(), what) == service.notes.end()) {
      if (this_shard().read_clock() >= until) return false;
      tutti::sleep(1ms);
    }
    return true;
  }

  UpgradingService service;
  std::unique_ptr<WebSocketServer> websockets;
  std::unique_ptr<HttpServer> http;
};

class FramesClient : public RawClient {
 public:
  explicit FramesClient(const world::Address& to, std::string_view early = {}) : RawClient(to) {
    write(get("/", "connection: upgrade\r\n") + std::string(early));
    ahead_ = read_until([](const std::string& got) { return got.find("\r\n\r\n") != got.npos; });
    EXPECT_TRUE(ahead_.starts_with("HTTP/1.1 101 ")) << ahead_;
    ahead_.erase(0, ahead_.find("\r\n\r\n") + 4);
  }
  void say(std::string_view message) { write(frames::text(message)); }
  // What has come when so much time has passed: "text:a pong:b close:1000:".
  std::string heard(std::chrono::nanoseconds within) {
    const std::string bytes = std::exchange(ahead_, {}) + read_to_end(within);
    return frames::told(reader_, bytes);
  }

 private:
  std::string ahead_;  // behind the head
  wire::websocket::MessageReader reader_{
      wire::websocket::Sender::server, {.frame_bytes_max = 1 << 20, .message_bytes_max = 1 << 20}, nullptr};
};

}  // namespace tutti::net::testing
