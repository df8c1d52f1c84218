#include "service/amqp_rpc_entry.hpp"

#include <algorithm>
#include <utility>

#include <tutti/wait.hpp>

#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "service/broker_bus.hpp"
#include "service/environment.hpp"
#include "service/nameko_exceptions.hpp"
#include "service/value.hpp"
#include "wire/codes.hpp"
#include "wire/nameko/call.hpp"
#include "wire/nameko/context.hpp"
#include "wire/trace_context.hpp"

namespace tutti::detail {

namespace amqp = wire::amqp;
namespace nameko = wire::nameko;

namespace {

constexpr std::chrono::nanoseconds goodbye_timeout = std::chrono::seconds(1);

TraceContext parent_of(const nameko::CallHeaders& headers) {
  TraceContext parent;
  if (const auto given = wire::parse_traceparent(headers.traceparent)) {
    parent = {.trace_id = given->trace, .span_id = given->span, .flags = given->flags};
    if (wire::is_tracestate(headers.tracestate)) parent.tracestate = headers.tracestate;
  }
  return parent;
}

bool may_run_again(const MethodSpec& method, std::string_view idempotency_key) {
  return method.rules.repeat == Repeat::safe || (method.rules.repeat == Repeat::by_key && !idempotency_key.empty());
}

// Nameko's publisher says JSON; who says nothing means it.
bool is_json(std::optional<std::string_view> content_type) {
  return !content_type || content_type->empty() || content_type->starts_with("application/json");
}

}  // namespace

// A request that can be answered.
struct AmqpRpcEntry::Incoming {
  const bus::Delivery& delivery;
  const amqp::Properties& properties;
  const nameko::Request& request;
  Instant received;
};

AmqpRpcEntry::AmqpRpcEntry(Host& host)
    : host_(host), consumer_(host.shard(), [&host] {
        if (host.environment().library().broker.uri.empty())
          throw Error(Code::failed_precondition, "tutti.rpc.amqp is true and there is no broker; set tutti.broker.uri");
        return broker_link_rules(host, "rpc");
      }()) {
  const LibrarySettings& library = host.environment().library();
  for (const auto& composition : host.compositions()) {
    if (composition->methods.empty()) continue;
    for (const auto& served : composition->methods)
      routes_.emplace(served->full_name, std::make_unique<CallRoute>(*served, "nameko"));
    const std::string service(composition->name());
    consumer_.add({.queue = {.name = "rpc-" + service},
                   .exchange = std::string(nameko::rpc_exchange),
                   .routing_key = service + ".*",
                   .prefetch = static_cast<std::uint16_t>(static_cast<std::uint32_t>(library.broker.in_flight_max)),
                   .late = bus::ConsumedQueue::Late::take,
                   .take = [this, &its = *composition](bus::Delivery delivery) { take(its, std::move(delivery)); }});
  }
}

AmqpRpcEntry::~AmqpRpcEntry() {
  ending_ = true;
  handling_.cancel();
  handling_.wait_uninterrupted();
}

void AmqpRpcEntry::start() {
  if (!consumer_.empty()) consumer_.start();
}

void AmqpRpcEntry::stop_accepting() {
  if (!consumer_.empty()) consumer_.stop();
}

bool AmqpRpcEntry::drain(Instant until) {
  if (consumer_.empty()) return true;
  try {
    Limited limited(std::max(until - host_.shard().now(), std::chrono::nanoseconds(0)));
    consumer_.wait_stopped(until);
    handling_.wait();
  } catch (const Error&) {
    ending_ = true;
    handling_.cancel();
  }
  const bool whole = handling_.running == 0;
  if (whole) consumer_.close(host_.shard().now() + goodbye_timeout);
  return whole;
}

// On the connection's fiber: at most `prefetch` of each service are under way.
void AmqpRpcEntry::take(Composition& composition, bus::Delivery delivery) {
  struct Task {
    AmqpRpcEntry* entry;
    Composition* composition;
    std::unique_ptr<bus::Delivery> delivery;
    void operator()() const { entry->serve(*composition, *delivery); }
  } task{this, &composition, std::make_unique<bus::Delivery>(std::move(delivery))};
  if (ending_) return;
  try {
    handling_.spawn(task_type<Task>, &task);
  } catch (const Error&) {
    // No fiber is free: it comes again, here or in another instance.
    consumer_.requeue(*task.delivery);
  }
}

void AmqpRpcEntry::serve(Composition& composition, const bus::Delivery& delivery) {
  runtime::set_deadline(Instant::never());
  runtime::set_context(nullptr);
  const Instant received = host_.shard().read_clock();
  const amqp::PropertiesResult parsed = amqp::parse_properties(delivery.properties);
  const amqp::Properties& properties = parsed.properties;
  if (!parsed.fault.empty() || !properties.reply_to || properties.reply_to->empty()) {
    composition.log().warn("a request over the broker that cannot be answered was dropped: it has no reply_to",
                           {{"messaging.destination.name", "rpc-" + std::string(composition.name())},
                            {"rpc.method", delivery.routing_key}});
    return consumer_.acknowledge(delivery);
  }
  std::string body;
  const auto raise = [&body](const nameko::Failure& failure) { nameko::append_failure(body, failure); };
  const nameko::Request request = nameko::parse_request(delivery.body);
  const auto found = routes_.find(delivery.routing_key);
  if (found == routes_.end()) {
    const std::string& key = delivery.routing_key;
    raise(nameko_exception(nameko::method_not_found, key.substr(std::min(key.find('.') + 1, key.size()))));
  } else if (!is_json(properties.content_type)) {
    raise(nameko_exception(nameko::malformed_request, "The content type is not application/json"));
  } else if (!request.fault.empty()) {
    raise(nameko_exception(nameko::malformed_request, request.fault));
  } else {
    const Failure failure = run({delivery, properties, request, received}, *found->second, body);
    // The process ends: what is not acknowledged comes again elsewhere.
    if (failure.code == Code::cancelled && ending_) return;
    if (failure.failed() && body.empty()) raise(nameko_exception_of(failure));
  }
  std::string reply_properties;
  amqp::append_properties(reply_properties, {.content_type = "application/json",
                                             .content_encoding = "utf-8",
                                             .headers = amqp::Table{},
                                             .delivery_mode = 1,
                                             .priority = 0,
                                             .correlation_id = properties.correlation_id});
  consumer_.answer(delivery, nameko::rpc_exchange, *properties.reply_to, reply_properties, body);
}

// The body is the answer, unless it is left empty: then the failure is.
Failure AmqpRpcEntry::run(const Incoming& incoming, CallRoute& route, std::string& body) {
  ServedMethod& served = route.served;
  Composition& composition = *served.composition;
  const MethodSpec& method = *served.spec;
  const nameko::CallHeaders headers = nameko::parse_call_headers(incoming.properties.headers);
  const std::string context = nameko::context_of(incoming.properties.headers,
                                                 served.full_name + "." + host_.environment().world().random().id());
  CallState state{
      .composition = &composition, .method = &method, .method_name = method.name, .entry = EntryPoint::amqp};
  Span span = host_.environment().tracer().start(served.full_name, SpanKind::server, parent_of(headers));
  state.trace = span.context();
  state.request_id = headers.request_id;
  state.idempotency_key = headers.idempotency_key;
  state.context = context;
  std::chrono::nanoseconds allowed = method.rules.deadline;
  if (headers.remaining) allowed = std::min<std::chrono::nanoseconds>(allowed, *headers.remaining);
  state.deadline = incoming.received + allowed;

  const auto serve_it = [&]() -> Failure {
    const Admitted admitted(host_.limit(), served.rules.priority);
    if (!admitted) return overloaded(served.full_name);
    if (method.stream_in || method.stream_out) {
      return {.code = Code::unimplemented,
              .message = served.full_name + " has a stream, which cannot travel over amqp; use HTTP"};
    }
    if (incoming.delivery.redelivered && !may_run_again(method, headers.idempotency_key)) {
      return {
          .code = Code::unavailable,
          .message =
              served.full_name +
              " was given to an instance that did not answer; whether it ran is unknown, and it may not be repeated"};
    }
    const std::string_view token = nameko::auth_token_of(incoming.properties.headers);
    const std::string bearer = headers.authorization.empty() && !token.empty() ? "Bearer " + std::string(token)
                                                                               : std::string(headers.authorization);
    state.identity = identify_claimed(composition, {.authorization = bearer}, headers.identity);
    CallValue request, reply;
    if (method.request) {
      const nameko::Bound bound = nameko::bind_arguments(method.name, method.request(), incoming.request);
      if (!bound.fault.empty()) {
        nameko::append_failure(body, nameko_exception(nameko::incorrect_signature, bound.fault));
        return {.code = Code::invalid_argument, .message = bound.fault};
      }
      request.hold(method.request());
      request.construct();
      const Violations violations = message::read_json(method.request(), request.get(), bound.message);
      if (!violations.empty()) return {.code = Code::invalid_argument, .message = violations.to_string()};
    } else if (const std::string fault = nameko::bind_nothing(method.name, incoming.request); !fault.empty()) {
      nameko::append_failure(body, nameko_exception(nameko::incorrect_signature, fault));
      return {.code = Code::invalid_argument, .message = fault};
    }
    if (method.reply) reply.hold(method.reply());
    Failure failure = dispatch(served, state, request.get(), reply.get(), nullptr, nullptr);
    if (failure.failed()) return failure;
    body = nameko::reply_head;
    if (method.reply) {
      reply.adopt();
      if (const Violations violations = message::write_json(method.reply(), reply.get(), body); !violations.empty()) {
        body.clear();
        composition.log().error("a reply breaks its contract",
                                {{"tutti.handler", served.full_name}, {"error.message", violations.to_string()}});
        return {.code = Code::internal, .message = served.full_name + " failed; its log says why"};
      }
    } else {
      body += "null";
    }
    body += nameko::reply_tail;
    return {};
  };
  const Failure failure = outcome_of(route, serve_it);
  end_call(route, span, state, failure,
           {.protocol = "amqp",
            .received = incoming.received,
            .bytes_in = incoming.delivery.body.size(),
            .bytes_out = body.size()});
  return failure;
}

}  // namespace tutti::detail
