// Who really asks when proxies stand in between: Forwarded (RFC 7239) and the older X-Forwarded-For, -Proto, -Host.
// Anybody can send these fields, so they count only as far as they were written by proxies that we trust: the list is
// walked from its end, and the first address that is not a trusted proxy is the client.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http1/fields.hpp"

namespace tutti::wire::http1 {

// An IP address as 16 bytes; IPv4 is mapped (::ffff:a.b.c.d).
using IpBytes = std::array<std::uint8_t, 16>;
[[nodiscard]] std::optional<IpBytes> parse_ip(std::string_view text) noexcept;  // no port, no brackets

// "10.0.0.0/8", "fd00::/8", or a single address.
struct Cidr {
  IpBytes bytes{};
  int bits = 128;
  [[nodiscard]] bool has(const IpBytes& address) const noexcept;
};
[[nodiscard]] std::optional<Cidr> parse_cidr(std::string_view text) noexcept;

struct TrustedProxies {
  std::vector<Cidr> networks = {};  // a proxy is trusted by its address, or
  int hops = 0;                     // so many proxies stand before us, whatever their addresses
};

struct Origin {
  std::string address;     // of the client: numeric, or what a proxy called it ("unknown", "_hidden")
  std::string proto = {};  // "http" or "https"; empty: nobody who is trusted said
  std::string host = {};   // as the client asked for it; empty likewise
};
// `peer` is the numeric address at the other end of the connection; empty for a Unix socket, which counts as trusted
// when anything is. When Forwarded and X-Forwarded-For disagree, neither is believed: one of them came from outside.
[[nodiscard]] Origin origin_of(const Fields& fields, std::string_view peer, const TrustedProxies& trusted);

// One element of Forwarded, without quotes; `forwarded_for` without port and brackets.
struct ForwardedElement {
  std::string forwarded_for = {};
  std::string by = {};
  std::string proto = {};
  std::string host = {};
};
// Nothing if it is malformed.
[[nodiscard]] std::optional<std::vector<ForwardedElement>> parse_forwarded(std::string_view field);

}  // namespace tutti::wire::http1
