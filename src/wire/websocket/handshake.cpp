#include "wire/websocket/handshake.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "message/base64.hpp"
#include "wire/http1/characters.hpp"

namespace tutti::wire::websocket {
namespace {

constexpr std::size_t key_bytes = 16;

// SHA-1 (FIPS 180-4 section 6.1) of one short text. It only shows that the other side speaks this protocol and keeps no
// secret, and OpenSSL is loaded only where TLS is configured: so it is written out here.
std::array<std::uint8_t, 20> sha1(std::string text) {
  const std::uint64_t bits = text.size() * 8;
  text.push_back('\x80');
  while (text.size() % 64 != 56) text.push_back('\0');
  for (int shift = 56; shift >= 0; shift -= 8) text.push_back(static_cast<char>(bits >> shift));
  std::array<std::uint32_t, 5> hash{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (std::size_t block = 0; block < text.size(); block += 64) {
    std::array<std::uint32_t, 80> w;
    for (std::size_t i = 0; i < 64; ++i) w[i / 4] = w[i / 4] << 8 | static_cast<unsigned char>(text[block + i]);
    for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = hash;
    for (std::size_t i = 0; i < 80; ++i) {
      const std::uint32_t mixed = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                                  : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                                  : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                           : (b ^ c ^ d) + 0xca62c1d6;
      const std::uint32_t next = std::rotl(a, 5) + mixed + e + w[i];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    const std::array<std::uint32_t, 5> added{a, b, c, d, e};
    for (std::size_t i = 0; i < 5; ++i) hash[i] += added[i];
  }
  std::array<std::uint8_t, 20> digest;
  for (std::size_t i = 0; i < 20; ++i) digest[i] = static_cast<std::uint8_t>(hash[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

bool names_websocket(std::string_view upgrade) noexcept {
  std::string_view member;
  while (http1::next_member(upgrade, member)) {
    if (http1::equal_ignoring_case(member, "websocket")) return true;
  }
  return false;
}

// The only field of that name; empty if there is none or more than one.
std::string_view single(const http1::Fields& fields, std::string_view name) noexcept {
  std::string_view value;
  bool found = false;
  for (const http1::Field& field : fields.list()) {
    if (!http1::equal_ignoring_case(field.name, name)) continue;
    if (std::exchange(found, true)) return {};
    value = field.value;
  }
  return value;
}

bool is_key(std::string_view text) {
  std::vector<std::byte> bytes;
  return text.size() == message::base64_size(key_bytes) && message::read_base64(text, bytes) &&
         bytes.size() == key_bytes;
}

}  // namespace

http1::Refusal handshake_fault(const http1::RequestHead& head) {
  if (head.method != http1::Method::get || head.version != http1::Version::http11 || !names_websocket(head.upgrade)) {
    return {
        426,
        "a WebSocket is here: the request must be a GET of HTTP/1.1 with Connection: Upgrade and Upgrade: websocket"};
  }
  if (single(head.fields, "sec-websocket-version") != version) return {426, "Sec-WebSocket-Version must be 13, once"};
  if (!is_key(single(head.fields, "sec-websocket-key")))
    return {400, "Sec-WebSocket-Key must be 16 bytes in base64, once"};
  if (head.framing == http1::Framing::chunked || head.content_length != 0)
    return {400, "a request for a WebSocket has no body"};
  return {};
}

std::string accept_of(const http1::RequestHead& head) {
  return accept_of_key(single(head.fields, "sec-websocket-key"));
}

std::string accept_of_key(std::string_view key) {
  const auto digest = sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  std::string accept(message::base64_size(digest.size()), '\0');
  (void)message::write_base64(accept.data(), std::as_bytes(std::span(digest)));
  return accept;
}

Offer choose_protocol(const http1::Fields& fields, std::span<const std::string_view> spoken) {
  if (spoken.empty()) return {};
  std::vector<std::string_view> offered;
  for (const http1::Field& field : fields.list()) {
    if (!http1::equal_ignoring_case(field.name, "sec-websocket-protocol")) continue;
    std::string_view rest = field.value;
    for (std::string_view member; http1::next_member(rest, member);) {
      if (!http1::is_token(member) || std::ranges::find(offered, member) != offered.end())
        return {.fault = "Sec-WebSocket-Protocol must be a list of different tokens"};
      offered.push_back(member);
    }
  }
  for (const std::string_view one : offered)
    if (std::ranges::find(spoken, one) != spoken.end()) return {.chosen = std::string(one)};
  if (offered.empty()) return {};
  std::string fault = "none of the subprotocols that were offered is spoken here; these are:";
  for (const std::string_view one : spoken) fault.append(" ").append(one);
  return {.fault = fault};
}

bool origin_allowed(std::string_view origin, std::string_view host, std::span<const std::string> allowed) noexcept {
  if (origin.empty()) return true;
  if (allowed.empty()) {
    // The scheme is left out: who ends TLS in front of us asks us over http.
    const std::size_t scheme = origin.find("://");
    return scheme != std::string_view::npos && http1::equal_ignoring_case(origin.substr(scheme + 3), host);
  }
  return std::ranges::any_of(
      allowed, [&](const std::string& one) { return one == "*" || http1::equal_ignoring_case(one, origin); });
}

}  // namespace tutti::wire::websocket
