// HEAD asks for the head that GET would have. Its handler is the same, and may write without end to nobody who takes it, so
// its first piece of a body ends it.
#pragma once

#include <tutti/error.hpp>

#include "net/http_server.hpp"

namespace tutti::detail {

[[nodiscard]] inline bool is_head_only(const net::HttpExchange& exchange) { return exchange.head().method == wire::http1::Method::head; }

// After the answer was started, before a piece of it.
inline void end_if_head_only(const net::HttpExchange& exchange) {
  if (is_head_only(exchange)) throw Error(Code::cancelled, "a HEAD request takes no body");
}

}  // namespace tutti::detail
