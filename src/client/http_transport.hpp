// Calls over HTTP/1.1, to services of ours and to foreign ones: each call is the request that its route says.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <tutti/stream.hpp>

#include "client/bearer_token.hpp"
#include "client/request_binding.hpp"
#include "client/wire_transport.hpp"

namespace tutti::client {

class HttpTransport final : public WireTransport {
 public:
  HttpTransport(runtime::Shard& shard, const TargetSettings& settings, std::function<net::TlsClient*()> tls);
  ~HttpTransport() override;

  std::shared_ptr<Endpoint> make_endpoint(const Origin& origin) override;
  std::unique_ptr<Outbound> encode(const detail::MethodSpec& method, const void* request,
                                   const Outgoing& outgoing) override;
  // Feeds the body while it leaves (feed null: there is none), then waits for the answer. Null unless the method's
  // result is a stream; else `reply` is constructed.
  [[nodiscard]] std::unique_ptr<detail::Source> call_streamed(std::shared_ptr<Endpoint> endpoint,
                                                              const detail::MethodSpec& method, const void* request,
                                                              void* reply, const Outgoing& outgoing, void* feed_context,
                                                              void (*feed)(void* context, detail::Sink& sink));

 private:
  class Request;
  [[nodiscard]] const RequestBinding& binding_of(const detail::MethodSpec& method);

  runtime::Shard& shard_;
  HttpPool::Rules pool_rules_;
  std::map<std::string, std::string> headers_;
  std::map<std::string, std::string> error_names_;
  BearerToken token_;
  std::map<const detail::MethodSpec*, std::unique_ptr<RequestBinding>> bindings_;
};

}  // namespace tutti::client
