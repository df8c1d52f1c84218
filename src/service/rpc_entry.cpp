#include "service/rpc_entry.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "message/msgpack.hpp"
#include "service/environment.hpp"
#include "service/value.hpp"
#include "wire/codes.hpp"
#include "wire/msgpack_rpc/message.hpp"
#include "wire/trace_context.hpp"

namespace tutti::detail {
namespace {

TraceContext parent_of(const wire::msgpack_rpc::Metadata& metadata) {
  TraceContext parent;
  if (const auto given = wire::parse_traceparent(metadata.traceparent)) {
    parent.trace_id = given->trace;
    parent.span_id = given->span;
    parent.flags = given->flags;
    if (wire::is_tracestate(metadata.tracestate)) parent.tracestate = metadata.tracestate;
  }
  return parent;
}

Identity identity_of(Composition& composition, const net::RpcExchange& exchange) {
  const wire::msgpack_rpc::Metadata& metadata = exchange.metadata();
  Credentials credentials{.authorization = metadata.authorization, .certificate_name = exchange.peer().certificate_name};
  if (exchange.peer().credential) {
    credentials.peer_user = exchange.peer().credential->user;
    credentials.peer_group = exchange.peer().credential->group;
  }
  return identify_claimed(composition, credentials, metadata.identity);
}

}  // namespace

RpcEntry::RpcEntry(Host& host) : host_(host) {
  for (const auto& composition : host.compositions()) {
    for (const auto& served : composition->methods) {
      routes_.emplace(served->full_name, std::make_unique<CallRoute>(*served, "tutti"));
    }
  }
}

RpcEntry::~RpcEntry() = default;

void RpcEntry::serve(net::RpcExchange& exchange) {
  const auto fail = [&](const Failure& failure) {
    const std::string value = msgpack_of(failure);
    std::string error;
    wire::msgpack_rpc::append_error(error, {.code = failure.code, .message = failure.message, .type = failure.type, .value = value});
    exchange.fail(error);
  };
  const auto found = routes_.find(exchange.method());
  if (found == routes_.end()) {
    return fail({.code = Code::unimplemented, .message = "no service here has the method \"" + std::string(exchange.method()) + "\""});
  }
  CallRoute& route = *found->second;
  message::Buffer result;
  if (!buffers_.empty()) {
    result = std::move(buffers_.back());
    buffers_.pop_back();
    result.clear();
  }
  const Failure failure = run(exchange, route, result);
  if (failure.failed()) {
    fail(failure);
  } else {
    exchange.respond(result.view());
  }
  constexpr std::size_t kept_bytes_max = 256 * 1024;
  if (result.capacity() <= kept_bytes_max) buffers_.push_back(std::move(result));
}

Failure RpcEntry::run(net::RpcExchange& exchange, CallRoute& route, message::Buffer& result) {
  ServedMethod& served = route.served;
  Composition& composition = *served.composition;
  const MethodSpec& method = *served.spec;
  const wire::msgpack_rpc::Metadata& metadata = exchange.metadata();
  CallState state{.composition = &composition, .method = &method, .method_name = method.name, .entry = EntryPoint::rpc};
  Span span = host_.environment().tracer().start(served.full_name, SpanKind::server, parent_of(metadata));
  state.trace = span.context();
  state.request_id = metadata.request_id;
  state.idempotency_key = metadata.idempotency_key;
  std::chrono::nanoseconds allowed = method.rules.deadline;
  if (metadata.remaining) allowed = std::min<std::chrono::nanoseconds>(allowed, *metadata.remaining);
  state.deadline = exchange.received() + allowed;

  const auto serve_it = [&]() -> Failure {
    const Admitted admitted(host_.limit(), served.rules.priority);
    if (!admitted) return overloaded(served.full_name);
    if (method.stream_in || method.stream_out) {
      return {.code = Code::unimplemented, .message = served.full_name + " has a stream, which cannot travel over rpc; use HTTP"};
    }
    const auto argument = wire::msgpack_rpc::argument_of(exchange.params());
    if (!argument.fault.empty()) return {.code = Code::invalid_argument, .message = std::string(argument.fault)};
    // A service that asks nobody knows only the peers of a Unix socket, and who is named in the metadata.
    if (composition.asks_who() || exchange.peer().credential || !metadata.identity.empty()) state.identity = identity_of(composition, exchange);
    CallValue request, reply;
    if (method.request) {
      static constexpr std::string_view empty_map = "\x80";
      request.hold(method.request());
      request.construct();
      const Violations violations = message::read_msgpack(method.request(), request.get(), argument.argument.empty() ? empty_map : argument.argument);
      if (!violations.empty()) return {.code = Code::invalid_argument, .message = violations.to_string()};
    }
    if (method.reply) reply.hold(method.reply());
    Failure failure = dispatch(served, state, request.get(), reply.get(), nullptr, nullptr);
    if (failure.failed() || !method.reply) return failure;
    reply.adopt();
    if (const Violations violations = message::write_msgpack(method.reply(), reply.get(), result); !violations.empty()) {
      composition.log().error("a reply breaks its contract", {{"tutti.handler", served.full_name}, {"error.message", violations.to_string()}});
      return {.code = Code::internal, .message = served.full_name + " failed; its log says why"};
    }
    return {};
  };
  const Failure failure = outcome_of(route, serve_it);
  end_call(route, span, state, failure,
           {.protocol = "rpc", .received = exchange.received(), .bytes_in = exchange.params().size(), .bytes_out = result.size()});
  return failure;
}

void check_rpc_address(Host& host, const world::Address& address) {
  if (world::is_loopback(address) || host.environment().library().rpc.trust_network) return;
  for (const auto& composition : host.compositions()) {
    if (composition->asks_who()) continue;
    throw Error(Code::failed_precondition, "tutti.rpc.listen is " + world::to_string(address) + ", which other machines reach, and the service \"" +
                                               std::string(composition->name()) +
                                               "\" asks nobody who he is; add app.authenticate(...), listen on a loopback address or a Unix socket, or set tutti.rpc.trust_network: true");
  }
}

}  // namespace tutti::detail
