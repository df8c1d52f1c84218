// Load for the WebSocket benchmark: N idle connections, then broadcasts that one of them asks for. Prints one line of
// JSON when all are open ({"open": N}) and waits for a line on stdin, so that somebody can weigh the server; then one
// with the milliseconds from asking until the last connection had its message, for each broadcast, fastest first.
//   websocket_load PORT CONNECTIONS BROADCASTS
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "wire/websocket/frame.hpp"

namespace {

namespace websocket = tutti::wire::websocket;
using Clock = std::chrono::steady_clock;

constexpr std::string_view message = R"({"text":"order o-17 is paid and will be with you on Thursday"})";

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int connect_to(int port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("cannot connect");
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  constexpr std::string_view request =
      "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  if (::send(descriptor, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size()))
    fail("cannot send");
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    std::array<char, 4096> room;
    const ssize_t count = ::recv(descriptor, room.data(), room.size(), 0);
    if (count <= 0) fail("no answer to the handshake");
    head.append(room.data(), static_cast<std::size_t>(count));
  }
  if (!head.starts_with("HTTP/1.1 101 ")) {
    std::fprintf(stderr, "%s", head.c_str());
    std::exit(1);
  }
  return descriptor;
}

// Returns when each connection has had `bytes` of its own.
void await_all(int poll, std::vector<std::size_t>& missing, std::size_t bytes) {
  std::fill(missing.begin(), missing.end(), bytes);
  std::array<epoll_event, 512> events;
  std::array<char, 4096> room;
  for (std::size_t left = missing.size(); left != 0;) {
    const int count = ::epoll_wait(poll, events.data(), events.size(), 10'000);
    if (count <= 0) fail("waited in vain for a broadcast");
    for (int i = 0; i < count; ++i) {
      const std::uint64_t which = events[static_cast<std::size_t>(i)].data.u64;
      const ssize_t got = ::recv(static_cast<int>(which >> 32), room.data(), room.size(), 0);
      if (got <= 0) fail("a connection has ended");
      std::size_t& its = missing[which & 0xffffffff];
      its -= std::min(its, static_cast<std::size_t>(got));
      if (its == 0) --left;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: websocket_load PORT CONNECTIONS BROADCASTS\n");
    return 2;
  }
  const int port = std::atoi(argv[1]);
  const auto connections = static_cast<std::size_t>(std::atoi(argv[2]));
  const int poll = ::epoll_create1(0);
  int last = 0;
  for (std::size_t i = 0; i < connections; ++i) {
    last = connect_to(port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = static_cast<std::uint64_t>(last) << 32 | i;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, last, &event);
  }
  std::printf("{\"open\": %zu}\n", connections);
  std::fflush(stdout);
  (void)std::getchar();

  std::string asking, answer;
  websocket::append_frame(asking, {.mask = websocket::MaskKey{1, 2, 3, 4}}, message);
  websocket::append_frame(answer, {}, message);
  std::vector<std::size_t> missing(connections);
  std::vector<double> milliseconds;
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    const Clock::time_point started = Clock::now();
    if (::send(last, asking.data(), asking.size(), 0) < 0) fail("cannot send");
    await_all(poll, missing, answer.size());
    milliseconds.push_back(std::chrono::duration<double, std::milli>(Clock::now() - started).count());
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf("{\"broadcasts_ms\": [");
  for (std::size_t i = 0; i < milliseconds.size(); ++i) std::printf("%s%.1f", i == 0 ? "" : ", ", milliseconds[i]);
  std::printf("]}\n");
}
