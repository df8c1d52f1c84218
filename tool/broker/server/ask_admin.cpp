// The other side of admin.cpp: a command that asks and prints.
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "broker/server/admin.hpp"

namespace tutti::broker {
namespace {

constexpr timeval patience{.tv_sec = 10, .tv_usec = 0};
constexpr std::size_t answer_bytes_max = 256 * 1024 * 1024;

class Socket {
 public:
  explicit Socket(const world::Address& to) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    if (to.kind == world::Address::Kind::local ||
        ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found) != 0)
      throw std::runtime_error("--admin is \"" + world::to_string(to) + "\"; expected an address like 127.0.0.1:15672");
    fd_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (const int limit : {SO_RCVTIMEO, SO_SNDTIMEO}) ::setsockopt(fd_, SOL_SOCKET, limit, &patience, sizeof patience);
    const bool connected = fd_ >= 0 && ::connect(fd_, found->ai_addr, found->ai_addrlen) == 0;
    const int error = errno;
    ::freeaddrinfo(found);
    if (connected) return;
    if (fd_ >= 0) ::close(fd_);
    throw std::runtime_error("no broker answers on " + world::to_string(to) + " (" + std::strerror(error) +
                             "); say where its admin listener is with --admin");
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error(std::string("the broker hung up: ") + std::strerror(errno));
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  std::string read_all() {
    std::string out;
    std::array<char, 64 * 1024> room;
    ssize_t got = 0;
    while ((got = ::read(fd_, room.data(), room.size())) > 0 && out.size() < answer_bytes_max)
      out.append(room.data(), static_cast<std::size_t>(got));
    if (got < 0) throw std::runtime_error(std::string("the broker does not answer: ") + std::strerror(errno));
    return out;
  }

 private:
  int fd_ = -1;
};

}  // namespace

std::string ask_admin(const world::Address& address, std::string_view path) {
  Socket socket(address);
  socket.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n");
  const std::string answer = socket.read_all();
  const std::size_t end = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 200 ") || end == std::string::npos)
    throw std::runtime_error("what answers on " + world::to_string(address) +
                             " is no admin listener of a broker; give its address with --admin");
  return answer.substr(end + 4);
}

}  // namespace tutti::broker
