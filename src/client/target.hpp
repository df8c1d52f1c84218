// A service in other processes: chooses an endpoint, tries, and tries again where that is allowed. A failed try may be
// repeated if it surely did nothing (it never left), or if the method says that repeating is harmless; within the
// budget, the attempts and the deadline.
#pragma once

#include <memory>
#include <string>

#include "bus/requester.hpp"
#include "client/discovery.hpp"
#include "client/http_transport.hpp"
#include "client/retry_budget.hpp"
#include "client/wire_transport.hpp"

namespace tutti::client {

class Target {
 public:
  Target(runtime::Shard& shard, std::string service, const TargetSettings& settings, const ClientObserver& observer,
         std::function<net::TlsClient*()> tls, std::function<bus::Requester&()> requester);

  void call(const detail::MethodSpec& method, const void* request, void* reply, const Outgoing& outgoing);
  [[nodiscard]] std::unique_ptr<detail::Source> call_streamed(const detail::MethodSpec& method, const void* request,
                                                              void* reply, const Outgoing& outgoing, void* feed_context,
                                                              void (*feed)(void* context, detail::Sink& sink));
  void close();
  [[nodiscard]] Client::TargetReport report() const;

 private:
  class InFlight;
  // Runs `once` at one endpoint after the other until it succeeds or may not be tried again.
  template <class Once>
  void with_retries(const detail::MethodSpec& method, bool repeatable, Instant deadline, Once&& once);
  [[nodiscard]] std::shared_ptr<Endpoint> choose_endpoint(const std::vector<const Endpoint*>& tried);
  void learn(Endpoint& endpoint, const Attempt& attempt);

  runtime::Shard& shard_;
  const std::string service_;
  const TargetSettings settings_;
  const BreakerRules breaker_rules_;
  const EjectionRules ejection_rules_;
  const ClientObserver& observer_;
  std::unique_ptr<WireTransport> transport_;
  HttpTransport* http_ = nullptr;  // the same, if it is http
  std::shared_ptr<Discovery> discovery_;
  RetryBudget budget_;
  std::size_t in_flight_ = 0;
  std::uint64_t retries_ = 0;
  std::uint64_t ejections_ = 0;
};

}  // namespace tutti::client
