// How events travel. Services know only this interface: today events reach the handlers of their own process; a broker
// implements the same interface and changes no handler.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <tutti/clock.hpp>
#include <tutti/detail/spec.hpp>
#include <tutti/trace.hpp>

namespace tutti::detail {

class Host;
struct Subscription;

// An event on its way, encoded once: JSON by wire names.
struct EventMessage {
  const EventSpec* event = nullptr;
  std::string id = {};  // unique; the same when it is delivered again
  std::string body = {};
  TraceContext trace = {};
};

struct BusNumbers {
  std::uint64_t published = 0;
  std::uint64_t handled = 0;
  std::uint64_t retried = 0;
  std::uint64_t dead = 0;     // given up after the last attempt
  std::uint64_t refused = 0;  // over the queue limit
  std::size_t waiting = 0;
};

class Bus {
 public:
  virtual ~Bus() = default;
  // From the shard's thread. Waits only if the bus is full; throws tutti::Error(resource_exhausted) beyond that.
  virtual void publish(EventMessage message) = 0;
  // Every subscription of the host, once, before the service is ready.
  virtual void subscribe(Host& host, Subscription& subscription) = 0;
  // Takes no more; what is being handled ends. Waits at most until `until`; true if nothing was left behind.
  [[nodiscard]] virtual bool drain(Instant until) = 0;
  [[nodiscard]] virtual BusNumbers numbers() const = 0;
  // Empty, or a sentence for /readyz and the log: "events reach handlers of this process only: no broker is configured".
  [[nodiscard]] virtual std::string_view remark() const = 0;
};

// Limits of the in-process bus.
inline constexpr std::size_t bus_waiting_max = 10'000;  // messages not yet handled, per shard

[[nodiscard]] std::unique_ptr<Bus> in_process_bus(Host& host);

}  // namespace tutti::detail
