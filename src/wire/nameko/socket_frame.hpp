// Calls and events over a WebSocket as Nameko's browser clients know them: each a JSON text.
//   {"method": "subscribe", "data": {"order": "o-17"}, "correlation_id": 7}
//   {"type": "result", "success": true, "data": null, "correlation_id": 7}
//   {"type": "result", "success": false, "error": {"exc_type": ...}, "correlation_id": 7}
//   {"type": "event", "event": "status", "data": {"state": "paid"}}
// docs/reference/wire.md has all of it.
#pragma once

#include <string>
#include <string_view>

#include "wire/nameko/call.hpp"

namespace tutti::wire::nameko {

inline constexpr std::string_view connected_event = "connected";  // the first one of each connection

struct SocketCall {
  std::string method = {};
  std::string_view data = "{}";              // an object, the arguments by name
  std::string_view correlation_id = "null";  // any JSON
  std::string_view fault = {};               // as Nameko says it; empty: fine
};
// Views into the text.
[[nodiscard]] SocketCall parse_socket_call(std::string_view text);

// `data` and `correlation_id` are JSON.
[[nodiscard]] std::string socket_result(std::string_view data, std::string_view correlation_id);
[[nodiscard]] std::string socket_failure(const Failure& failure, std::string_view correlation_id);
[[nodiscard]] std::string socket_event(std::string_view name, std::string_view data);

}  // namespace tutti::wire::nameko
