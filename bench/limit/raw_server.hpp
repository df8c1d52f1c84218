// The bare epoll loop of the limits: one thread, edge-triggered, one read and one write per batch of requests; no
// time-outs, no limits.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace bench {

// Connection: `std::size_t take(std::string_view data, std::string& out)` answers the whole requests at the front of
// `data` (64 bytes behind it are readable) and returns how many bytes they were.
template <class Connection>
class RawServer {
 public:
  int serve(int port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 1024) != 0) {
      std::perror("the raw server cannot listen");
      return 1;
    }
    epoll_ = ::epoll_create1(0);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener, &event);
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& told = events[static_cast<std::size_t>(i)];
        auto* const peer = static_cast<Peer*>(told.data.ptr);
        if (peer == nullptr) {
          accept_all(listener);
        } else if ((told.events & (EPOLLIN | EPOLLRDHUP)) != 0 && !answer(*peer)) {
          ::close(peer->descriptor);
          delete peer;
        }
      }
    }
  }

 private:
  static constexpr std::size_t slack = 64;

  struct Peer {
    explicit Peer(int fd) : descriptor(fd) {}
    int descriptor;
    Connection connection;
    std::string in = std::string(64 * 1024, '\0');
    std::size_t begin = 0, end = 0;
    std::string out;
  };

  void accept_all(int listener) {
    for (int accepted; (accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      const int on = 1;
      ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = new Peer(accepted)}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, accepted, &event);
    }
  }

  // False: the client has gone, or does not keep to the loads that we measure.
  static bool answer(Peer& peer) {
    for (;;) {
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
      if (!peer.out.empty()) {
        const ssize_t sent = ::send(peer.descriptor, peer.out.data(), peer.out.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(peer.out.size())) return false;
        peer.out.clear();
      }
      if (drained) return true;
    }
  }

  int epoll_ = -1;
};

}  // namespace bench
