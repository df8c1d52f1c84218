// What both wires have in common for a target: a request is encoded once and may then be tried at several endpoints.
#pragma once

#include <cstdint>
#include <memory>

#include <tutti/detail/spec.hpp>

#include "client/attempt.hpp"
#include "client/client.hpp"
#include "client/endpoint.hpp"
#include "wire/trace_context.hpp"

namespace tutti::client {

// Empty: the call belongs to no trace.
[[nodiscard]] inline std::string traceparent_of(const TraceContext& trace) {
  if (trace.trace_id == decltype(trace.trace_id){} || trace.span_id == decltype(trace.span_id){}) return {};
  return wire::to_string({.trace = trace.trace_id, .span = trace.span_id, .flags = trace.flags});
}

// An encoded request on its way.
class Outbound {
 public:
  virtual ~Outbound() = default;
  // Waits. `reply`: raw memory, constructed if and only if it returns. Throws WireError, tutti::Error or a contract
  // error. The fiber's deadline holds.
  virtual void send_to(Endpoint& endpoint, void* reply, Resend resend) = 0;
};

class WireTransport {
 public:
  virtual ~WireTransport() = default;
  [[nodiscard]] virtual std::shared_ptr<Endpoint> make_endpoint(const Origin& origin) = 0;
  // Throws tutti::Error(invalid_argument) for a request that breaks its contract.
  [[nodiscard]] virtual std::unique_ptr<Outbound> encode(const detail::MethodSpec& method, const void* request,
                                                         const Outgoing& outgoing) = 0;
};

}  // namespace tutti::client
