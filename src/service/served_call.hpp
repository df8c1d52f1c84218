// A method as a wire for calls (rpc, amqp) serves it, and the end of each call, which is the same on all of them: what
// was thrown becomes a failure; then it is counted, traced and logged.
#pragma once

#include <cstddef>
#include <exception>
#include <string_view>

#include "observe/log/access.hpp"
#include "observe/metrics/request_durations.hpp"
#include "observe/trace/tracer.hpp"
#include "service/dispatcher.hpp"
#include "service/host.hpp"

namespace tutti::detail {

struct CallRoute {
  // `system`: what rpc.system.name says of the wire, "tutti" or "nameko".
  CallRoute(ServedMethod& its_served, std::string_view its_system);

  ServedMethod& served;
  std::string_view system;
  observe::RequestDurations durations;
  observe::AccessLog access_log;
};

// What `serve`, which returns a Failure, came to.
template <class Serve>
[[nodiscard]] Failure outcome_of(const CallRoute& route, Serve&& serve) {
  try {
    return serve();
  } catch (const Error& error) {
    // Credentials that are wrong, say.
    return {.code = error.code(), .message = error.what()};
  } catch (...) {
    return odd_failure(*route.served.composition, route.served.full_name, std::current_exception());
  }
}

// How it went over the wire.
struct CallEnd {
  std::string_view protocol;  // as the access log calls it: "rpc", "amqp"
  Instant received;
  std::size_t bytes_in = 0;
  std::size_t bytes_out = 0;
};
void end_call(CallRoute& route, Span& span, const CallState& state, const Failure& failure, const CallEnd& end);

}  // namespace tutti::detail
