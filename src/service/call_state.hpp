// One call in progress, seen from the handler's side. It lives on the fiber of the call (or of the timer, or of the
// spawned work); Context is its public face, and Caller reads it to pass deadline, identity and trace on.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tutti/clock.hpp>
#include <tutti/context.hpp>
#include <tutti/detail/spec.hpp>
#include <tutti/random.hpp>

#include "observe/log/channel.hpp"

namespace tutti::detail {

class Composition;

enum class EntryPoint : std::uint8_t { in_process, http, rpc, amqp, websocket, event, timer, work };

struct CallState {
  Composition* composition = nullptr;  // which service handles
  const MethodSpec* method = nullptr;  // null: raw handler, timer, event, work
  std::string_view method_name = {};   // "charge", "GET /upload", "timer", ...
  EntryPoint entry = EntryPoint::work;
  Instant deadline = Instant::never();
  Identity identity = {};
  TraceContext trace = {};
  std::string_view request_id = {};
  std::string_view idempotency_key = {};
  std::string_view last_event_id = {};
  std::string_view message_id = {};
  std::string_view context = {};  // headers that calls over amqp hand on (wire/nameko/context.hpp)
  const void* request = nullptr;  // for `once`, which compares requests of one key
  std::size_t depth = 0;          // of calls within the process
  bool once_called = false;       // a by_key handler called database.once
  std::optional<Logger> logger = {};
};

// Of the fiber that runs; null outside of any call.
[[nodiscard]] CallState* current_call() noexcept;

// The context that an event of this call takes along, a table's bytes: the call's own, or one that begins with it.
[[nodiscard]] std::string event_context(const CallState& call, Random& random);

// The current call, as the log wants to know it.
[[nodiscard]] observe::LogOrigin log_origin() noexcept;

// While alive, `state` is the current call of this fiber, its deadline included.
class CurrentCall {
 public:
  explicit CurrentCall(CallState& state) noexcept;
  ~CurrentCall();
  CurrentCall(const CurrentCall&) = delete;
  CurrentCall& operator=(const CurrentCall&) = delete;

 private:
  const void* before_;
  Instant deadline_before_;
};

}  // namespace tutti::detail
