#include "engines/process/addresses.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "engines/process/port_owner.hpp"
#include "fleet/refusal.hpp"

namespace tutti::engines {
namespace {

using fleet::Refusal;

// The descriptor, or -errno.
int bound_socket(const std::string& host, std::uint16_t port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return -EINVAL;
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  // As services do; otherwise a port whose last connections linger would count as taken.
  if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool good = fd >= 0 && ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd, 1) == 0;
  const int error = errno;
  ::freeaddrinfo(found);
  if (good) return fd;
  if (fd >= 0) ::close(fd);
  return -error;
}

std::uint16_t port_of_socket(int fd) {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.sin_port);
}

std::string with_port(const std::string& host, std::uint16_t port) {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

[[noreturn]] void refuse_port(const fleet::DesiredService& service, const fleet::PublishedPort& published,
                              std::uint16_t port, int error) {
  std::string what =
      published.place + ": service \"" + service.name + "\": port " + std::to_string(port) + " of " + published.host;
  if (error == EADDRINUSE) {
    const std::string owner = port_owner(port);
    what += " is taken by " + (owner.empty() ? "another program (ss -ltnp shows it)" : owner) +
            "; stop it or change ports in the fleet file";
  } else {
    what += std::string(" cannot be listened on: ") + std::strerror(error);
  }
  throw Refusal(fleet::exit_code::address, what);
}

}  // namespace

std::string listen_address(const Addresses& addresses) { return with_port(addresses.host, addresses.http); }

std::string call_address(const Addresses& addresses) {
  const std::string& host = addresses.host;
  return with_port(host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host, addresses.http);
}

std::string broker_uri(std::uint16_t port) { return "amqp://" + with_port("127.0.0.1", port); }

const fleet::PublishedPort* published_http(const fleet::DesiredService& service) {
  for (const fleet::PublishedPort& port : service.ports)
    if (port.first != 0) return &port;
  return nullptr;
}

std::optional<std::uint16_t> own_port(const fleet::DesiredService& service) {
  const auto given = service.environment.find("PORT");
  if (!service.binary.empty() || given == service.environment.end()) return std::nullopt;
  std::uint16_t out = 0;
  const std::string& text = given->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

std::uint16_t port_of(const fleet::PublishedPort& port, unsigned number) {
  return static_cast<std::uint16_t>(port.first + number);
}

std::uint16_t FreePorts::take() {
  constexpr int attempts_max = 64;  // the kernel may offer again what an instance has not bound yet
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const int fd = bound_socket("127.0.0.1", 0);
    if (fd < 0) throw Refusal(fleet::exit_code::failed, std::string("no free port can be had: ") + std::strerror(-fd));
    const std::uint16_t port = port_of_socket(fd);
    ::close(fd);
    if (taken_.insert(port).second) return port;
  }
  throw Refusal(fleet::exit_code::failed, "no free port can be had: the kernel offers the same ones again");
}

void check_ports(const std::vector<fleet::DesiredService>& services) {
  for (const fleet::DesiredService& service : services)
    for (const fleet::PublishedPort& published : service.ports)
      for (unsigned number = 0; published.first != 0 && number < service.replicas; ++number) {
        const int fd = bound_socket(published.host, port_of(published, number));
        if (fd < 0) refuse_port(service, published, port_of(published, number), -fd);
        ::close(fd);
      }
}

}  // namespace tutti::engines
