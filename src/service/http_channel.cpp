#include "service/http_channel.hpp"

#include <algorithm>

#include "wire/websocket/compression.hpp"
#include "wire/websocket/handshake.hpp"

namespace tutti::detail {

using wire::http1::Known;

ChannelUpgrade upgrade_of(const wire::http1::RequestHead& head, std::string_view host, const ServedChannel& channel, const Identity& identity,
                          const WebSocketSettings& settings) {
  ChannelUpgrade upgrade;
  if (const wire::http1::Refusal fault = wire::websocket::handshake_fault(head)) {
    upgrade.failure = {.code = Code::invalid_argument, .message = std::string(fault.reason), .http_status = fault.status};
    if (fault.status == 426) {
      upgrade.headers = {{"connection", "upgrade"}, {"upgrade", "websocket"}, {"sec-websocket-version", std::string(wire::websocket::version)}};
    }
    return upgrade;
  }
  const std::string_view origin = head.fields.get(Known::origin);
  if (!wire::websocket::origin_allowed(origin, host, settings.origins)) {
    upgrade.failure = {.code = Code::permission_denied,
                       .message = "a page of " + std::string(origin) + " may not connect here; tutti.websocket.origins says which may"};
    return upgrade;
  }
  if (std::string refusal = channel.refusal_of(identity); !refusal.empty()) {
    upgrade.failure = {.code = identity.anonymous() ? Code::unauthenticated : Code::permission_denied, .message = std::move(refusal)};
    return upgrade;
  }
  const wire::websocket::Offer offer = wire::websocket::choose_protocol(head.fields, channel.rules.protocols);
  if (!offer.fault.empty()) {
    upgrade.failure = {.code = Code::invalid_argument, .message = offer.fault};
    return upgrade;
  }
  upgrade.protocol = offer.chosen;
  upgrade.headers = {{"connection", "upgrade"}, {"upgrade", "websocket"}, {"sec-websocket-accept", wire::websocket::accept_of(head)}};
  if (!upgrade.protocol.empty()) upgrade.headers.emplace_back("sec-websocket-protocol", upgrade.protocol);
  upgrade.rules.when_full = channel.rules.overflow == Overflow::close ? net::WhenFull::close : net::WhenFull::drop_oldest;
  if (settings.compression) upgrade.rules.compression = wire::websocket::accept_compression(head.fields);
  if (upgrade.rules.compression) upgrade.headers.emplace_back("sec-websocket-extensions", wire::websocket::extension_of(*upgrade.rules.compression));
  return upgrade;
}

net::WebSocketLimits websocket_limits(const WebSocketSettings& settings, std::size_t connections_max) {
  return {.connections_max = settings.connections_max == 0 ? connections_max : settings.connections_max,
          .message_bytes_max = settings.message_bytes_max,
          .messages_waiting_max = std::max<std::size_t>(1, settings.messages_waiting_max),
          .queue_bytes_max = settings.queue_bytes_max,
          .compressed_bytes_min = settings.compressed_bytes_min,
          .ping_interval = settings.ping_interval,
          .pong_timeout = settings.pong_timeout,
          .idle_timeout = settings.idle_timeout,
          .close_timeout = settings.close_timeout};
}

}  // namespace tutti::detail
