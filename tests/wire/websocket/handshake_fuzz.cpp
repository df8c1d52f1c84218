// The handshake's header fields: whatever stands in them, the request is refused or answered with what we can keep.
#include "wire/websocket/handshake.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "wire/websocket/compression.hpp"

using namespace tutti::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view data(reinterpret_cast<const char*>(bytes), size);
  http1::RequestParser parser;
  if (parser.parse(data) == http1::RequestParser::State::complete && !websocket::handshake_fault(parser.head())) {
    if (websocket::accept_of(parser.head()).size() != 28) std::abort();
  }
  http1::Fields fields;
  (void)fields.add("sec-websocket-extensions", data);
  if (const auto accepted = websocket::accept_compression(fields)) {
    if (accepted->window_bits < websocket::window_bits_min || accepted->window_bits > websocket::window_bits_max)
      std::abort();
    // Our answer is an offer that we would take ourselves, with the same meaning.
    http1::Fields answered;
    const std::string answer = websocket::extension_of(*accepted);
    (void)answered.add("sec-websocket-extensions", answer);
    const auto again = websocket::accept_compression(answered);
    if (!again || again->window_bits != accepted->window_bits) std::abort();
  }
  // What is agreed on is one of ours, or nothing.
  static constexpr std::string_view spoken[] = {"chat.v1", "chat.v2"};
  http1::Fields offered;
  (void)offered.add("sec-websocket-protocol", data);
  const websocket::Offer offer = websocket::choose_protocol(offered, spoken);
  if (!offer.chosen.empty() && (!offer.fault.empty() || !offer.chosen.starts_with("chat.v"))) std::abort();
  return 0;
}
