// Calls over MessagePack-RPC: a few multiplexed connections to each endpoint, made when they are first needed.
#pragma once

#include "client/bearer_token.hpp"
#include "client/wire_transport.hpp"

namespace tutti::client {

class RpcTransport final : public WireTransport {
 public:
  RpcTransport(runtime::Shard& shard, const TargetSettings& settings);

  std::shared_ptr<Endpoint> make_endpoint(const Origin& origin) override;
  std::unique_ptr<Outbound> encode(const detail::MethodSpec& method, const void* request,
                                   const Outgoing& outgoing) override;

 private:
  class Request;
  [[nodiscard]] std::shared_ptr<net::RpcConnection> connection(Endpoint& endpoint);

  runtime::Shard& shard_;
  const std::size_t connections_max_;
  const std::chrono::nanoseconds connect_timeout_;
  BearerToken token_;
};

}  // namespace tutti::client
