// Events on Nameko's wire: names of exchanges and queues, and what stands in a message's headers. Other services of the
// fleet, in whatever language, rely on every name here: docs/reference/wire.md has them.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "service/bus.hpp"
#include "service/composition.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::detail {

// What an event carries that was put aside.
namespace event_header {
inline constexpr std::string_view attempt = "tutti.attempt";
inline constexpr std::string_view exchange = "tutti.exchange";
inline constexpr std::string_view routing_key = "tutti.routing-key";
inline constexpr std::string_view queue = "tutti.queue";
inline constexpr std::string_view reason = "tutti.reason";
inline constexpr std::string_view error = "tutti.error";
}  // namespace event_header

[[nodiscard]] std::string exchange_of(std::string_view source_service);  // "orders.events"

// "evt-orders-placed--payments.on_placed" (pool), "evt-orders-placed" (singleton), and for a broadcast the pool's name
// with the instance behind it. Throws tutti::Error(failed_precondition) for a name that is too long for the wire.
[[nodiscard]] std::string queue_of(const Subscription& subscription, std::string_view instance);
// What all instances have in common of it.
[[nodiscard]] std::string shared_queue_of(const Subscription& subscription);
[[nodiscard]] std::string handler_name_of(const Subscription& subscription);  // "on_placed"
// The same for all instances: what is given up lies in one queue.
[[nodiscard]] std::string dead_queue_of(const Subscription& subscription);  // "tutti.dead.evt-..."
[[nodiscard]] std::string retry_queue_of(std::string_view queue,
                                         std::chrono::milliseconds pause);  // "tutti.retry.500.evt-..."

// The queues of one host. Two handlers must not share one, or each would get half of the events; a singleton's is meant
// to be shared.
class QueueNames {
 public:
  // The queue's name, valid as long as this. Throws tutti::Error(failed_precondition).
  const std::string& add(const Subscription& subscription, std::string_view instance);

 private:
  std::set<std::string> names_;
};

// The pause after the attempt of that number, the first being 1.
[[nodiscard]] std::chrono::milliseconds pause_after(const RetryRules& rules, int attempt);

// A message's properties as Nameko sets them, with our id, time and trace beside.
struct EventHead {
  std::string_view id = {};
  Time at = {};
  std::string_view traceparent = {};  // empty: no trace
  std::string_view tracestate = {};
  std::string_view context = {};  // see EventMessage
};
[[nodiscard]] std::string event_properties(const EventHead& head);

// An event as it came: what of it is not the body.
struct ReceivedEvent {
  std::string id = {};  // empty: its publisher gave none
  TraceContext trace = {};
  int attempt = 1;
  std::string exchange = {};  // of its first journey
  std::string routing_key = {};
  std::string headers = {};  // a table's bytes, all of them
};
[[nodiscard]] ReceivedEvent received_event(std::string_view properties, std::string_view exchange,
                                           std::string_view routing_key);

// Why an event goes on to a queue of ours.
struct Forwarding {
  std::string_view id;
  int attempt = 1;               // the number that the next one has
  std::string_view reason = {};  // of the dead: "attempts", "undecodable"
  std::string_view error = {};
  std::string_view queue = {};  // it comes from
};
// The message's own properties and headers stay; ours are added or replaced.
[[nodiscard]] std::string forwarded_properties(std::string_view properties, const ReceivedEvent& event,
                                               const Forwarding& forwarding);
// Of a dead letter that begins anew: as it was first published, and where.
[[nodiscard]] std::string replayed_properties(std::string_view properties);

}  // namespace tutti::detail
