// Calls over a broker, on Nameko's wire (wire/nameko): a request goes to the queue of the service that is meant,
// whichever instance of it takes it, and the answer comes to the reply queue of this shard. The fields of a request are
// its keyword arguments. There is one connection and one reply queue for all targets that ask for this transport.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bus/requester.hpp"
#include "client/bearer_token.hpp"
#include "client/wire_transport.hpp"

namespace tutti::client {

// Made at the first call; `service` stands in the reply queue's name: "rpc.reply-orders-<id>".
[[nodiscard]] std::unique_ptr<bus::Requester> make_requester(runtime::Shard& shard, const bus::LinkRules& link,
                                                             std::string_view service);

class AmqpTransport final : public WireTransport {
 public:
  // `requester` throws tutti::Error(failed_precondition) if no broker is configured.
  AmqpTransport(runtime::Shard& shard, const TargetSettings& settings, std::function<bus::Requester&()> requester);

  std::shared_ptr<Endpoint> make_endpoint(const Origin& origin) override;
  std::unique_ptr<Outbound> encode(const detail::MethodSpec& method, const void* request,
                                   const Outgoing& outgoing) override;

 private:
  class Request;

  runtime::Shard& shard_;
  const std::chrono::nanoseconds connect_timeout_;
  const std::function<bus::Requester&()> requester_;
  BearerToken token_;
};

}  // namespace tutti::client
