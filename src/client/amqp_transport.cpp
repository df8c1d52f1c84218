#include "client/amqp_transport.hpp"

#include <algorithm>
#include <utility>

#include "client/failure.hpp"
#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "wire/nameko/call.hpp"
#include "wire/nameko/context.hpp"

namespace tutti::client {

namespace amqp = wire::amqp;
namespace nameko = wire::nameko;

std::unique_ptr<bus::Requester> make_requester(runtime::Shard& shard, const bus::LinkRules& link,
                                               std::string_view service) {
  const std::string id = shard.world().random().id();
  return std::make_unique<bus::Requester>(
      shard, link,
      bus::RequesterRules{.exchange = std::string(nameko::rpc_exchange),
                          .reply_queue = "rpc.reply-" + std::string(service.substr(0, 150)) + "-" + id,
                          .reply_key = id});
}

class AmqpTransport::Request final : public Outbound {
 public:
  Request(AmqpTransport& transport, const detail::MethodSpec& method, const void* request, const Outgoing& outgoing)
      : transport_(transport),
        method_(method),
        outgoing_(outgoing),
        name_(std::string(method.service->name) + "." + std::string(method.name)) {
    if (method.name.find('.') != std::string_view::npos)
      throw Error(Code::unimplemented, name_ + " cannot be called over amqp: a dot in a method's name is not routed");
    std::string kwargs = "{}";
    if (method.request) {
      kwargs.clear();
      if (const Violations violations = message::write_json(method.request(), request, kwargs); !violations.empty())
        throw Error(Code::invalid_argument,
                    "the request to " + name_ + " breaks its contract: " + violations.to_string());
    }
    nameko::append_request(body_, kwargs);
  }

  void send_to(Endpoint&, void* reply, Resend resend) override {
    amqp::TableBuilder headers;
    append_headers(headers);
    bus::Request request{.routing_key = name_,
                         .properties = {.content_type = "application/json",
                                        .content_encoding = "utf-8",
                                        .headers = headers.table(),
                                        .delivery_mode = 1,  // it is worth nothing after its deadline
                                        .priority = 0},
                         .body = body_,
                         .again = resend == Resend::always ? bus::Request::Again::may : bus::Request::Again::never,
                         .send_by = transport_.shard_.now() + transport_.connect_timeout_,
                         .deadline = runtime::deadline()};
    try {
      transport_.requester_().ask(request);
    } catch (const Error& error) {
      throw WireError(request.left ? Fate::unknown : Fate::unsent, error);
    }
    using Outcome = bus::Request::Outcome;
    switch (request.outcome) {
      case Outcome::answered:
        return read(request.reply_body, reply);
      case Outcome::unroutable:
        throw WireError(Fate::unsent,
                        Error(Code::unavailable, "unknown service \"" + std::string(method_.service->name) +
                                                     "\": the broker has no queue rpc-" +
                                                     std::string(method_.service->name) + " (" + request.reason + ")"));
      case Outcome::unsent:
        throw WireError(Fate::unsent, Error(Code::unavailable, name_ + " was not sent: " + request.reason));
      case Outcome::unanswered:
      case Outcome::pending:
        throw WireError(
            Fate::unknown,
            Error(Code::deadline_exceeded, "the deadline passed while waiting for " + name_ +
                                               (request.reason.empty() ? " over the broker" : ": " + request.reason)));
    }
  }

 private:
  void append_headers(amqp::TableBuilder& headers) const {
    const std::string traceparent = traceparent_of(outgoing_.trace);
    const std::string root = outgoing_.context.empty() ? root_context() : std::string();
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(runtime::deadline() - transport_.shard_.read_clock());
    nameko::append_call_headers(headers, {outgoing_.context.empty() ? std::string_view(root) : outgoing_.context},
                                {.traceparent = traceparent,
                                 .tracestate = outgoing_.trace.tracestate,
                                 .identity = outgoing_.identity,
                                 .authorization = transport_.token_.authorization(),
                                 .idempotency_key = outgoing_.idempotency_key,
                                 .request_id = outgoing_.request_id,
                                 .remaining = std::max(left, std::chrono::milliseconds(1))});
  }

  // Of a call that no other call over this wire led to.
  [[nodiscard]] std::string root_context() const {
    const std::string id =
        outgoing_.request_id.empty() ? transport_.shard_.world().random().id() : std::string(outgoing_.request_id);
    return nameko::context_of({}, std::string(outgoing_.identity.empty() ? "tutti" : outgoing_.identity) + "." +
                                      std::string(outgoing_.method.empty() ? "call" : outgoing_.method) + "." + id);
  }

  void read(std::string_view body, void* reply) const {
    const nameko::Reply answer = nameko::parse_reply(body);
    if (!answer.fault.empty()) throw Error(Code::internal, "the answer of " + name_ + " is no reply: " + answer.fault);
    if (answer.failed) raise_amqp(method_, answer.failure);
    if (!method_.reply) return;
    const detail::Shape& shape = method_.reply();
    // Nameko's methods may return a value of any kind; here it is a field.
    std::string wrapped;
    std::string_view result = answer.result;
    if (!result.starts_with('{') && shape.fields.size() == 1) {
      wrapped = nameko::record_of_result(shape, result);
      result = wrapped;
    }
    shape.construct(reply);
    const Violations violations = message::read_json(shape, reply, result);
    if (violations.empty()) return;
    shape.destroy(reply);
    throw Error(Code::internal, "the reply of " + name_ + " breaks its contract: " + violations.to_string());
  }

  AmqpTransport& transport_;
  const detail::MethodSpec& method_;
  const Outgoing& outgoing_;
  const std::string name_;
  std::string body_;
};

AmqpTransport::AmqpTransport(runtime::Shard& shard, const TargetSettings& settings,
                             std::function<bus::Requester&()> requester)
    : shard_(shard),
      connect_timeout_(settings.connect_timeout),
      requester_(std::move(requester)),
      token_(shard, settings.bearer_token_file) {}

std::shared_ptr<Endpoint> AmqpTransport::make_endpoint(const Origin&) {
  return std::make_shared<Endpoint>("the broker");
}

std::unique_ptr<Outbound> AmqpTransport::encode(const detail::MethodSpec& method, const void* request,
                                                const Outgoing& outgoing) {
  return std::make_unique<Request>(*this, method, request, outgoing);
}

}  // namespace tutti::client
