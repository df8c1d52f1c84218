// How events travel. Services know only this interface: without a broker events reach the handlers of their own process
// (in_process_bus), with one those of the fleet (broker_bus.hpp). Handlers are the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <tutti/clock.hpp>
#include <tutti/detail/spec.hpp>
#include <tutti/database.hpp>
#include <tutti/trace.hpp>

#include "service/dispatcher.hpp"

namespace tutti::detail {

class Host;
class ServedChannel;
struct Announcement;
struct Subscription;

// An event on its way, encoded once: JSON by wire names.
struct EventMessage {
  const EventSpec* event = nullptr;
  std::string id = {};  // unique; the same when it is delivered again
  std::string body = {};
  TraceContext trace = {};
  std::string context = {};  // a table's bytes: what Nameko calls context data (wire/nameko/context.hpp)
};

struct BusNumbers {
  std::uint64_t published = 0;
  std::uint64_t handled = 0;
  std::uint64_t retried = 0;
  std::uint64_t dead = 0;     // given up after the last attempt
  std::uint64_t refused = 0;  // over the queue limit
  std::size_t waiting = 0;
  // Only with a broker.
  std::uint64_t confirmed = 0;
  std::uint64_t sent_again = 0;   // as their confirm had not come when the connection was lost
  std::size_t unconfirmed = 0;
  std::uint64_t consumed = 0;
  std::uint64_t redelivered = 0;  // of those consumed
  std::uint64_t reconnects = 0;
};

class Bus {
 public:
  virtual ~Bus() = default;
  // From the shard's thread. Waits until a broker has it; throws tutti::Error resource_exhausted if too many wait, and
  // what keeps it from the broker.
  virtual void publish(EventMessage message) = 0;
  // What a transaction of `database` published and committed: it lies in the outbox. Does not wait.
  virtual void publish_committed(EventMessage message, Database& database) = 0;
  // Every subscription of the host, once, before start(). Throws tutti::Error(failed_precondition).
  virtual void subscribe(Host& host, Subscription& subscription) = 0;
  // What a hub sends goes to the channel's clients at other instances, too. Does not wait; at most once.
  virtual void announce(const ServedChannel& channel, std::shared_ptr<const Announcement> announcement) = 0;
  // Takes part in being the one instance of the fleet for this name. Of the first shard, before start().
  virtual void contend(std::string_view name) = 0;
  // Whether this instance is the one now.
  [[nodiscard]] virtual bool leads(std::string_view name) = 0;
  virtual void start(bool first_shard) = 0;
  // Takes no more; what is being handled ends. Waits at most until `until`; true if nothing was left behind.
  [[nodiscard]] virtual bool drain(Instant until) = 0;
  [[nodiscard]] virtual BusNumbers numbers() const = 0;
  // Empty, or a sentence for /readyz and the log: "events reach handlers of this process only: no broker is configured".
  [[nodiscard]] virtual std::string_view remark() const = 0;
  // Empty, or why events do not travel: "cannot connect to 127.0.0.1:5672: Connection refused".
  [[nodiscard]] virtual std::string not_ready() const = 0;
};

struct HandledEvent {
  Failure failure;
  bool undecodable = false;  // another attempt would find the same
};
// Once, on the fiber that calls.
[[nodiscard]] HandledEvent handle_event(Host& host, Subscription& subscription, const EventMessage& message);

// Limits of the in-process bus.
inline constexpr std::size_t bus_waiting_max = 10'000;  // messages not yet handled, per shard

[[nodiscard]] std::unique_ptr<Bus> in_process_bus(Host& host);

}  // namespace tutti::detail
