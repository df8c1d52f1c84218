// The opening handshake, RFC 6455 section 4.2: an HTTP/1.1 GET that asks for another protocol, answered by 101.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "wire/http1/head.hpp"
#include "wire/http1/request_parser.hpp"

namespace tutti::wire::websocket {

inline constexpr std::string_view version = "13";  // the value of Sec-WebSocket-Version

// What is wrong with it, with the status to answer: 426 (no upgrade, or to another version; say `version`) or 400.
[[nodiscard]] http1::Refusal handshake_fault(const http1::RequestHead& head);

// The Sec-WebSocket-Accept of a request without fault.
[[nodiscard]] std::string accept_of(const http1::RequestHead& head);

// The same for a key in hand; what a client expects.
[[nodiscard]] std::string accept_of_key(std::string_view key);

// The subprotocol (sections 1.9 and 4.2.2) that a request and this side agree on: the first that is offered of those
// that are spoken. Without any that is spoken nothing is chosen.
struct Offer {
  std::string chosen = {};
  std::string fault =
      {};  // nothing that is offered is spoken here, or it is no list of different tokens; to answer: 400
};
[[nodiscard]] Offer choose_protocol(const http1::Fields& fields, std::span<const std::string_view> spoken);

// Whether a page of this origin may connect (section 10.2): the allowed ones, "*" for any; if none is named, those of
// the host that was asked for. Without an Origin there is no page to protect from.
[[nodiscard]] bool origin_allowed(std::string_view origin, std::string_view host,
                                  std::span<const std::string> allowed) noexcept;

}  // namespace tutti::wire::websocket
