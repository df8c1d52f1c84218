// What travels in a message's headers beside a call or an event, as Nameko carries it on: each header `nameko.<key>`
// goes from a call to the calls that it makes, and `nameko.call_id_stack` names the calls that led here, the oldest
// first. Ours are beside: W3C trace context, the deadline, and who asks.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "wire/amqp/table.hpp"

namespace tutti::wire::nameko {

inline constexpr std::size_t parent_calls_max = 10;          // kept before the own one, as Nameko's default
inline constexpr std::size_t context_bytes_max = 16 * 1024;  // of what is carried on; over it only the stack is

// The context of a call whose own id is `call_id`, for the calls that it makes: the bytes of a table.
[[nodiscard]] std::string context_of(std::optional<amqp::Table> headers, std::string_view call_id);

// Headers of ours. Texts may be empty: left out, or not there.
struct CallHeaders {
  std::string_view traceparent = {};
  std::string_view tracestate = {};
  std::string_view identity = {};
  std::string_view authorization = {};
  std::string_view idempotency_key = {};
  std::string_view request_id = {};
  std::optional<std::chrono::milliseconds> remaining = {};  // of the deadline, when it was sent
};
// Views into the table. The trace context also where a Nameko service between here and there has carried it on.
[[nodiscard]] CallHeaders parse_call_headers(std::optional<amqp::Table> headers);
// The token in `nameko.auth_token`; empty if there is none.
[[nodiscard]] std::string_view auth_token_of(std::optional<amqp::Table> headers);
// Behind the context's own.
void append_call_headers(amqp::TableBuilder& out, amqp::Table context, const CallHeaders& headers);

}  // namespace tutti::wire::nameko
