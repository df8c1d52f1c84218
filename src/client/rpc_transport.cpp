#include "client/rpc_transport.hpp"

#include <algorithm>
#include <utility>

#include "client/failure.hpp"
#include "message/msgpack.hpp"
#include "wire/msgpack_rpc/message.hpp"

namespace tutti::client {

class RpcTransport::Request final : public Outbound {
 public:
  Request(RpcTransport& transport, const detail::MethodSpec& method, const void* request, const Outgoing& outgoing)
      : transport_(transport),
        method_(method),
        outgoing_(outgoing),
        name_(std::string(method.service->name) + "." + std::string(method.name)) {
    if (method.request) {
      params_ = "\x91";
      if (const Violations violations = message::write_msgpack(method.request(), request, params_);
          !violations.empty()) {
        throw Error(Code::invalid_argument,
                    "the request to " + name_ + " breaks its contract: " + violations.to_string());
      }
    } else {
      params_ = "\x90";
    }
    traceparent_ = traceparent_of(outgoing.trace);
  }

  void send_to(Endpoint& endpoint, void* reply, Resend) override {
    const std::string& authorization = transport_.token_.authorization();
    const wire::msgpack_rpc::Metadata metadata{.traceparent = traceparent_,
                                               .tracestate = outgoing_.trace.tracestate,
                                               .identity = outgoing_.identity,
                                               .authorization = authorization,
                                               .idempotency_key = outgoing_.idempotency_key,
                                               .request_id = outgoing_.request_id};
    const std::shared_ptr<net::RpcConnection> connection = transport_.connection(endpoint);
    if (!outgoing_.idempotency_key.empty() && !connection->speaks_tutti()) {
      // Without its key it could be executed twice, by us or by whoever repeats it with that key.
      throw Error(Code::failed_precondition,
                  "the idempotency key of " + name_ + " cannot travel: " + endpoint.name +
                      " does not know tutti.hello; call it without a key, or over http");
    }
    std::string bytes;
    net::RpcOutcome outcome;
    try {
      outcome = connection->call(name_, params_, metadata, runtime::deadline(), bytes);
    } catch (const Error& error) {
      throw WireError(Fate::unknown, error);
    }
    switch (outcome) {
      case net::RpcOutcome::result:
        return read(bytes, reply);
      case net::RpcOutcome::error:
        raise_rpc(method_, bytes);
      case net::RpcOutcome::not_sent:
        throw WireError(Fate::unsent, Error(Code::unavailable, name_ + " was not sent: " + bytes));
      case net::RpcOutcome::lost:
        throw WireError(Fate::unknown, Error(Code::unavailable, name_ + " was sent but not answered: " + bytes));
    }
  }

 private:
  void read(std::string_view bytes, void* reply) const {
    if (!method_.reply) return;
    const detail::Shape& shape = method_.reply();
    shape.construct(reply);
    const Violations violations = message::read_msgpack(shape, reply, bytes);
    if (violations.empty()) return;
    shape.destroy(reply);
    throw Error(Code::internal, "the reply of " + name_ + " breaks its contract: " + violations.to_string());
  }

  RpcTransport& transport_;
  const detail::MethodSpec& method_;
  const Outgoing& outgoing_;
  const std::string name_;
  std::string params_;
  std::string traceparent_;
};

RpcTransport::RpcTransport(runtime::Shard& shard, const TargetSettings& settings)
    : shard_(shard),
      connections_max_(std::max<std::size_t>(settings.rpc_connections, 1)),
      connect_timeout_(settings.connect_timeout),
      token_(shard, settings.bearer_token_file) {}

std::shared_ptr<Endpoint> RpcTransport::make_endpoint(const Origin& origin) {
  return std::make_shared<Endpoint>(origin, nullptr);
}

std::unique_ptr<Outbound> RpcTransport::encode(const detail::MethodSpec& method, const void* request,
                                               const Outgoing& outgoing) {
  return std::make_unique<Request>(*this, method, request, outgoing);
}

// The one with the least in flight; a further one only while all that there are have calls.
std::shared_ptr<net::RpcConnection> RpcTransport::connection(Endpoint& endpoint) {
  auto& all = endpoint.rpc;
  std::erase_if(all, [](const auto& connection) { return !connection->usable(); });
  std::shared_ptr<net::RpcConnection> chosen;
  for (const auto& connection : all) {
    if (!chosen || connection->in_flight() < chosen->in_flight()) chosen = connection;
  }
  try {
    if (!chosen || (chosen->in_flight() != 0 && all.size() < connections_max_)) {
      chosen = net::RpcConnection::open(shard_, endpoint.origin.address);
      all.push_back(chosen);
    }
    if (!chosen->ready()) {
      // Not ready in time: of no use to those who wait as well.
      if (!chosen->wait_until_ready(std::min(runtime::deadline(), shard_.now() + connect_timeout_))) {
        std::erase(all, chosen);
        const std::string& reason = chosen->reason();
        const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(connect_timeout_);
        throw Error(Code::unavailable, reason.empty() ? "cannot connect to " + endpoint.name + ": no answer within " +
                                                            std::to_string(waited.count()) + " ms"
                                                      : reason);
      }
    }
  } catch (const Error& error) {
    throw WireError(Fate::unsent, error);
  }
  return chosen;
}

}  // namespace tutti::client
