// What a handler may know about the call that it answers: how long it has, who asks, which trace it belongs
// to. A handler takes it as its second parameter, `const tutti::Context&`. It lives as long as the handler runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/clock.hpp>
#include <tutti/log.hpp>
#include <tutti/trace.hpp>

namespace tutti {

// Who calls. `name` is "anonymous" unless the caller proved itself (Authenticator), or is a service that this
// process trusts. Permissions are what Rules.allow asks for.
struct Identity {
  std::string name = "anonymous";
  std::vector<std::string> permissions = {};

  [[nodiscard]] bool anonymous() const noexcept { return name == "anonymous"; }
  // "payments:charge" is granted by itself, by "payments:*" and by "*".
  [[nodiscard]] bool may(std::string_view permission) const noexcept;
};

namespace detail {
struct CallState;  // src/service/call_state.hpp
}

class Context {
 public:
  explicit Context(detail::CallState& state) noexcept : state_(&state) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] Instant deadline() const noexcept;
  // Zero or more.
  [[nodiscard]] std::chrono::nanoseconds remaining() const noexcept;
  [[nodiscard]] const Identity& identity() const noexcept;
  // The service that this call serves: "payments".
  [[nodiscard]] std::string_view service() const noexcept;
  [[nodiscard]] std::string_view method() const noexcept;
  // Empty if the caller gave none.
  [[nodiscard]] std::string_view idempotency_key() const noexcept;
  [[nodiscard]] std::string_view request_id() const noexcept;
  [[nodiscard]] const TraceContext& trace() const noexcept;
  // A logger whose records carry service, method, trace and request id.
  [[nodiscard]] const Logger& log() const;
  // A child span; ends when it is destroyed.
  [[nodiscard]] Span span(std::string_view name) const;
  // Of a server-sent event stream that a browser takes up again; empty otherwise.
  [[nodiscard]] std::string_view last_event_id() const noexcept;
  // For events: the message's id, for deduplication. Empty for calls.
  [[nodiscard]] std::string_view message_id() const noexcept;

  [[nodiscard]] detail::CallState& state() const noexcept { return *state_; }

 private:
  detail::CallState* state_;
};

}  // namespace tutti
