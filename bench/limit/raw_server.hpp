// The bare epoll loop of the limits: one thread, edge-triggered, one read and one write per batch of requests; no
// time-outs, no limits.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace bench {

// Connection:
//   std::size_t take(std::string_view data, std::string& out)
//     answers the whole requests at the front of `data` (64 bytes behind it are readable) and returns how many bytes of
//     it are done with;
//   std::string_view more()
//     the next piece of a long answer that follows `out`, which stays where it is; empty: no answer is under way.
template <class Connection>
class RawServer {
 public:
  RawServer() : epoll_(::epoll_create1(0)) {}

  // Each is a port of the loopback address or the path of a Unix socket.
  int serve(int count, char** places) {
    for (int i = 0; i < count; ++i) {
      const int listener = places[i][0] == '/' ? listener_of_path(places[i]) : listener_of_port(std::atoi(places[i]));
      if (listener < 0) {
        std::perror("the raw server cannot listen");
        return 1;
      }
      epoll_event event{.events = EPOLLIN, .data = {.ptr = new Peer(listener, Peer::Kind::listener)}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener, &event);
    }
    std::array<epoll_event, 256> events;
    for (;;) {
      const int told = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < told; ++i) handle(events[static_cast<std::size_t>(i)]);
    }
  }

 private:
  static constexpr std::size_t slack = 64;

  struct Peer {
    enum class Kind { listener, connection };
    explicit Peer(int fd, Kind which) : descriptor(fd), kind(which) {}
    int descriptor;
    Kind kind;
    Connection connection;
    std::string in = std::string(64 * 1024, '\0');
    std::size_t begin = 0, end = 0;
    std::string out;
    std::string_view unsent;
  };

  static int listening(int descriptor, const sockaddr* address, socklen_t length) {
    return ::bind(descriptor, address, length) == 0 && ::listen(descriptor, 1024) == 0 ? descriptor : -1;
  }
  static int listener_of_port(int port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return listening(listener, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  static int listener_of_path(std::string_view path) {
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return listening(listener, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }

  void handle(const epoll_event& told) {
    auto* const peer = static_cast<Peer*>(told.data.ptr);
    if (peer->kind == Peer::Kind::listener) return accept_all(peer->descriptor);
    if (answer(*peer)) return;
    ::close(peer->descriptor);
    delete peer;
  }

  void accept_all(int listener) {
    for (int accepted; (accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      const int on = 1;
      ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                        .data = {.ptr = new Peer(accepted, Peer::Kind::connection)}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, accepted, &event);
    }
  }

  enum class Sent { all, part, gone };

  static Sent send_what_there_is(Peer& peer) {
    for (;;) {
      if (peer.unsent.empty()) {
        peer.out.clear();
        peer.unsent = peer.connection.more();
        if (peer.unsent.empty()) return Sent::all;
      }
      const ssize_t sent = ::send(peer.descriptor, peer.unsent.data(), peer.unsent.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN ? Sent::part : Sent::gone;
      peer.unsent.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // False: the client has gone.
  static bool answer(Peer& peer) {
    for (;;) {
      const Sent before = send_what_there_is(peer);
      if (before != Sent::all) return before == Sent::part;
      const std::size_t room = peer.in.size() - slack - peer.end;
      const ssize_t count = ::recv(peer.descriptor, peer.in.data() + peer.end, room, 0);
      if (count <= 0) return count < 0 && errno == EAGAIN;
      const bool drained = static_cast<std::size_t>(count) < room;
      peer.end += static_cast<std::size_t>(count);
      peer.begin += peer.connection.take({peer.in.data() + peer.begin, peer.end - peer.begin}, peer.out);
      if (peer.begin == peer.end) {
        peer.begin = peer.end = 0;
      } else if (peer.begin > peer.in.size() / 2) {
        peer.in.erase(0, peer.begin);
        peer.in.resize(peer.in.size() + peer.begin);
        peer.end -= peer.begin;
        peer.begin = 0;
      }
      peer.unsent = peer.out;
      const Sent after = send_what_there_is(peer);
      if (after == Sent::gone) return false;
      if (after == Sent::part || drained) return true;
    }
  }

  int epoll_;
};

}  // namespace bench
