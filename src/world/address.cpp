#include <arpa/inet.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <cstring>

#include "world/network.hpp"

namespace tutti::world {
namespace {

constexpr std::string_view local_prefix = "unix:";
constexpr std::size_t path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// The one spelling of a numeric address ("::1" for "0:0::1"), so that equal addresses compare equal.
std::optional<std::string> canonical(int family, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_pton(family, host.c_str(), bytes.data()) != 1) return std::nullopt;
  if (inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return std::nullopt;
  return std::string(text.data());
}

}  // namespace

std::string to_string(const Address& address) {
  switch (address.kind) {
    case Address::Kind::ip4:
      return address.host + ":" + std::to_string(address.port);
    case Address::Kind::ip6:
      return "[" + address.host + "]:" + std::to_string(address.port);
    case Address::Kind::local:
      break;
  }
  return std::string(local_prefix) + address.host;
}

std::optional<Address> parse_address(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  if (text.starts_with(local_prefix)) {
    text.remove_prefix(local_prefix.size());
    if (text.empty() || text.size() > path_bytes_max) return std::nullopt;
    return Address{Address::Kind::local, std::string(text), 0};
  }
  const bool bracketed = text.starts_with('[');
  const std::size_t colon = bracketed ? text.find("]:") : text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_port(text.substr(colon + (bracketed ? 2 : 1)));
  auto host = canonical(bracketed ? AF_INET6 : AF_INET,
                        std::string(bracketed ? text.substr(1, colon - 1) : text.substr(0, colon)));
  if (!port || !host) return std::nullopt;
  return Address{bracketed ? Address::Kind::ip6 : Address::Kind::ip4, std::move(*host), *port};
}

bool is_loopback(const Address& address) {
  constexpr std::string_view mapped = "::ffff:127.";
  switch (address.kind) {
    case Address::Kind::ip4:
      return address.host.starts_with("127.");
    case Address::Kind::ip6:
      return address.host == "::1" || address.host.starts_with(mapped);
    case Address::Kind::local:
      break;
  }
  return true;
}

}  // namespace tutti::world
