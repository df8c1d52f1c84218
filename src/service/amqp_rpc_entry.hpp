// The entry point for calls over a broker (tutti.rpc.amqp), on Nameko's wire: one queue `rpc-<service>` for each
// service of this shard, from which all its instances take. A request is acknowledged behind its answer; one that comes
// again, as an instance was lost, runs again only if its method may be repeated.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "bus/consumer.hpp"
#include "service/served_call.hpp"

namespace tutti::detail {

class AmqpRpcEntry {
 public:
  // Throws tutti::Error(failed_precondition) if no broker is configured, or a service's name is too long for a queue.
  explicit AmqpRpcEntry(Host& host);
  ~AmqpRpcEntry();
  AmqpRpcEntry(const AmqpRpcEntry&) = delete;
  AmqpRpcEntry& operator=(const AmqpRpcEntry&) = delete;

  void start();
  // Takes no more: the rest stays with the broker, for other instances.
  void stop_accepting();
  // After it: ends what it has. Waits, at most until then; true if nothing was left behind.
  [[nodiscard]] bool drain(Instant until);
  // Empty, or why no calls come: "cannot connect to 127.0.0.1:5672: Connection refused".
  [[nodiscard]] std::string not_ready() const { return consumer_.not_ready(); }

 private:
  struct Incoming;
  void take(Composition& composition, bus::Delivery delivery);
  void serve(Composition& composition, const bus::Delivery& delivery);
  [[nodiscard]] Failure run(const Incoming& incoming, CallRoute& route, std::string& body);

  Host& host_;
  std::map<std::string, std::unique_ptr<CallRoute>, std::less<>> routes_;  // by "payments.charge"
  bus::Consumer consumer_;
  bool ending_ = false;
  Family handling_;
};

}  // namespace tutti::detail
