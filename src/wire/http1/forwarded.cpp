#include "wire/http1/forwarded.hpp"

#include <arpa/inet.h>

#include <cstring>

#include "wire/http1/characters.hpp"
#include "wire/http1/head.hpp"
#include "wire/http1/media_type.hpp"

namespace tutti::wire::http1 {
namespace {

constexpr std::size_t elements_max = 64;

// "1.2.3.4:80" and "[::1]:80" without the port and the brackets.
std::string_view without_port(std::string_view node) noexcept {
  if (!node.empty() && node[0] == '[') {
    const std::size_t end = node.find(']');
    return end == std::string_view::npos ? node : node.substr(1, end - 1);
  }
  const std::size_t colon = node.find(':');
  return colon != std::string_view::npos && node.find(':', colon + 1) == std::string_view::npos ? node.substr(0, colon)
                                                                                                : node;
}

// All fields of that name are one list.
std::string joined(const Fields& fields, Known known) {
  std::string out;
  for (const Field& field : fields.list()) {
    if (field.known != known) continue;
    if (!out.empty()) out += ", ";
    out += field.value;
  }
  return out;
}

std::vector<std::string> members(const std::string& list) {
  std::vector<std::string> out;
  std::string_view rest = list;
  std::string_view member;
  while (out.size() < elements_max && next_member(rest, member)) out.emplace_back(member);
  if (next_member(rest, member)) out.clear();  // absurdly long: not believed
  return out;
}

// The older fields as elements. Proto and host belong to an element if there are as many of them; else the last
// one, which the nearest proxy wrote, counts for all.
std::vector<ForwardedElement> older_elements(const Fields& fields) {
  std::vector<ForwardedElement> out;
  for (const std::string& node : members(joined(fields, Known::x_forwarded_for))) {
    ForwardedElement element;
    element.forwarded_for = without_port(node);
    out.push_back(std::move(element));
  }
  if (out.empty()) return out;
  const auto fill = [&](Known known, std::string ForwardedElement::*member) {
    const std::vector<std::string> values = members(joined(fields, known));
    if (values.empty()) return;
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i].*member = values.size() == out.size() ? values[i] : values.back();
    }
  };
  fill(Known::x_forwarded_proto, &ForwardedElement::proto);
  fill(Known::x_forwarded_host, &ForwardedElement::host);
  return out;
}

bool is_trusted(std::string_view address, const TrustedProxies& trusted) noexcept {
  const auto bytes = parse_ip(address);
  if (!bytes) return false;
  for (const Cidr& network : trusted.networks) {
    if (network.has(*bytes)) return true;
  }
  return false;
}

// The element that the outermost trusted proxy wrote; null: none did.
const ForwardedElement* client_element(const std::vector<ForwardedElement>& elements, std::string_view peer,
                                       const TrustedProxies& trusted) noexcept {
  const ForwardedElement* found = nullptr;
  std::string_view writer = peer;
  int hop = 0;
  for (auto at = elements.rbegin(); at != elements.rend(); ++at, ++hop) {
    const bool local = writer.empty() && hop == 0 && !trusted.networks.empty();
    if (hop >= trusted.hops && !local && !is_trusted(writer, trusted)) break;
    found = &*at;
    writer = at->forwarded_for;
  }
  return found;
}

void take(Origin& origin, const ForwardedElement& element) {
  if (!element.forwarded_for.empty()) origin.address = element.forwarded_for;
  for (std::string_view proto : {"http", "https"}) {
    if (equal_ignoring_case(element.proto, proto)) origin.proto = proto;
  }
  if (is_authority(element.host)) origin.host = element.host;
}

}  // namespace

std::optional<IpBytes> parse_ip(std::string_view text) noexcept {
  char terminated[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  IpBytes bytes{};
  if (inet_pton(AF_INET6, terminated, bytes.data()) == 1) return bytes;
  if (inet_pton(AF_INET, terminated, bytes.data() + 12) != 1) return std::nullopt;
  bytes[10] = bytes[11] = 0xff;
  return bytes;
}

bool Cidr::has(const IpBytes& address) const noexcept {
  for (int bit = 0; bit < bits; bit += 8) {
    const auto index = static_cast<std::size_t>(bit / 8);
    const int used = bits - bit < 8 ? bits - bit : 8;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - used));
    if (((bytes[index] ^ address[index]) & mask) != 0) return false;
  }
  return true;
}

std::optional<Cidr> parse_cidr(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const auto bytes = parse_ip(address);
  if (!bytes) return std::nullopt;
  Cidr cidr{*bytes, 128};
  if (slash != std::string_view::npos) {
    const bool four = address.find(':') == std::string_view::npos;
    const auto bits = parse_decimal(text.substr(slash + 1));
    if (!bits || *bits > (four ? 32u : 128u)) return std::nullopt;
    cidr.bits = static_cast<int>(*bits) + (four ? 96 : 0);
  }
  return cidr;
}

std::optional<std::vector<ForwardedElement>> parse_forwarded(std::string_view field) {
  std::vector<ForwardedElement> elements;
  std::string_view element;
  while (next_member(field, element)) {
    if (elements.size() == elements_max) return std::nullopt;
    ForwardedElement out;
    std::string_view pair;
    while (next_member(element, pair, ';')) {
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos) return std::nullopt;
      const std::string_view name = pair.substr(0, equals);
      auto value = unquoted(pair.substr(equals + 1));
      if (!is_token(name) || !value) return std::nullopt;
      if (equal_ignoring_case(name, "for")) out.forwarded_for = without_port(*value);
      if (equal_ignoring_case(name, "by")) out.by = *value;
      if (equal_ignoring_case(name, "proto")) out.proto = *value;
      if (equal_ignoring_case(name, "host")) out.host = *value;
    }
    elements.push_back(std::move(out));
  }
  return elements;
}

Origin origin_of(const Fields& fields, std::string_view peer, const TrustedProxies& trusted) {
  Origin origin{std::string(peer)};
  if (trusted.networks.empty() && trusted.hops <= 0) return origin;
  const auto newer = parse_forwarded(joined(fields, Known::forwarded));
  if (!newer) return origin;
  const std::vector<ForwardedElement> older = older_elements(fields);
  const ForwardedElement* const by_newer = client_element(*newer, peer, trusted);
  const ForwardedElement* const by_older = client_element(older, peer, trusted);
  if (by_newer != nullptr && by_older != nullptr && by_newer->forwarded_for != by_older->forwarded_for) return origin;
  if (by_older != nullptr) take(origin, *by_older);
  if (by_newer != nullptr) take(origin, *by_newer);
  return origin;
}

}  // namespace tutti::wire::http1
