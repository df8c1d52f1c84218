// The limit: an epoll server that parses requests as tutti does and, for POST /echo, uses the same JSON codec, and does
// nothing else: no routes, metrics, traces, limits, time-outs, fibers. What a framework adds is the distance to it.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "echo.hpp"
#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "wire/http1/request_parser.hpp"
#include "wire/http1/writer.hpp"

namespace {

struct Connection {
  explicit Connection(int fd) : descriptor(fd) {}
  int descriptor;
  tutti::wire::http1::RequestParser parser;
  std::string in = std::string(64 * 1024, '\0');
  std::size_t begin = 0, end = 0;
  std::string out;
};

void answer(Connection& connection, const tutti::wire::http1::RequestHead& head, std::string_view body) {
  static tutti::message::Buffer reply;
  reply.clear();
  if (head.path == "/echo") {
    bench::Message message;
    const auto& shape = tutti::detail::shape_of<bench::Message>();
    if (!tutti::message::read_json(shape, &message, body).empty()) std::abort();
    (void)tutti::message::write_json(shape, &message, reply);
  } else {
    reply.append(std::string_view(R"({"text":"pong"})"));
  }
  tutti::wire::http1::ResponseWriter writer(connection.out, 200);
  writer.date("Sun, 06 Nov 1994 08:49:37 GMT");
  writer.content_type("application/json");
  writer.content_length(reply.size());
  connection.out.append(reply.view());
}

// False: the client has gone.
bool serve(Connection& c) {
  for (;;) {
    const ssize_t count = ::recv(c.descriptor, c.in.data() + c.end, c.in.size() - 64 - c.end, 0);
    if (count <= 0) return count < 0 && errno == EAGAIN;
    const bool drained = static_cast<std::size_t>(count) < c.in.size() - 64 - c.end;
    c.end += static_cast<std::size_t>(count);
    while (c.begin < c.end && c.parser.parse({c.in.data() + c.begin, c.end - c.begin}) == tutti::wire::http1::RequestParser::State::complete) {
      const auto& head = c.parser.head();
      const std::size_t whole = head.bytes + static_cast<std::size_t>(head.content_length);
      if (c.end - c.begin < whole) break;
      answer(c, head, {c.in.data() + c.begin + head.bytes, static_cast<std::size_t>(head.content_length)});
      c.begin += whole;
      c.parser.clear();
    }
    if (c.begin == c.end) c.begin = c.end = 0;
    if (!c.out.empty()) {
      if (::send(c.descriptor, c.out.data(), c.out.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(c.out.size())) return false;
      c.out.clear();
    }
    if (drained) return true;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8081));
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 1024) != 0) {
    std::perror("raw_http");
    return 1;
  }
  const int epoll = ::epoll_create1(0);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      auto* const connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (connection == nullptr) {
        for (int accepted; (accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
          ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
          event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = new Connection(accepted)}};
          ::epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
        }
      } else if ((events[static_cast<std::size_t>(i)].events & (EPOLLIN | EPOLLRDHUP)) != 0 && !serve(*connection)) {
        ::close(connection->descriptor);
        delete connection;
      }
    }
  }
}
