// Whether a request may become a channel's connection, and what is answered to it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/websocket_server.hpp"
#include "service/channel.hpp"
#include "service/dispatcher.hpp"
#include "service/library_settings.hpp"
#include "wire/http1/request_parser.hpp"

namespace tutti::detail {

struct ChannelUpgrade {
  Failure failure = {};  // set: it may not
  std::vector<std::pair<std::string_view, std::string>> headers = {};  // of the answer, whichever
  net::WebSocketRules rules = {};
  std::string protocol = {};  // agreed on; empty: none
};

// `host`: as the client asked for it.
[[nodiscard]] ChannelUpgrade upgrade_of(const wire::http1::RequestHead& head, std::string_view host, const ServedChannel& channel,
                                        const Identity& identity, const WebSocketSettings& settings);

// What the shard's server is held to.
[[nodiscard]] net::WebSocketLimits websocket_limits(const WebSocketSettings& settings, std::size_t connections_max);

}  // namespace tutti::detail
