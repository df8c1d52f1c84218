// Calling services in other processes: which endpoints there are, which one is asked, over which wire, how often.
// One Client per shard. In-process calls never come here (src/service decides before).
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/clock.hpp>
#include <tutti/contract.hpp>
#include <tutti/detail/spec.hpp>
#include <tutti/http_client.hpp>
#include <tutti/stream.hpp>
#include <tutti/trace.hpp>

#include "bus/link.hpp"
#include "runtime/shard.hpp"

namespace tutti::client {

enum class Transport { rpc, http, amqp };

// tutti.targets.<service>: where a service is and how it is spoken to. An aggregate of the settings.
struct TargetSettings {
  Transport transport = Transport::rpc;
  // Not for amqp: the broker is where it is. "127.0.0.1:7001", "payments:7001" (DNS, re-resolved), "unix:/run/payments.sock"; http: also "https://host/base"
  std::vector<std::string> endpoints = {};
  // A file in Prometheus' file_sd format (JSON or YAML), watched; its targets replace `endpoints`. A group's label
  // `service` (if present) must be the target's name; label `transport` (rpc, http) chooses among groups.
  std::string endpoints_file = {};
  // Foreign HTTP services: sent with every request; secrets come by mounted file.
  std::map<std::string, std::string> headers = {};
  std::map<std::string, tutti::Secret> secret_headers = {};
  // Their names for our codes where there are no problem documents: "409: already_exists".
  std::map<std::string, std::string> errors = {};
  std::size_t connections_max = 64;             // per endpoint (http) ; rpc uses up to rpc_connections
  std::size_t rpc_connections = 1;              // per endpoint; multiplexed
  std::size_t in_flight_max = 1024;             // to this target; over it: resource_exhausted at once
  std::chrono::milliseconds connect_timeout{1000};
  std::chrono::seconds resolve_every{5};
  int attempts_max = 3;                         // in all, for calls that may be repeated
  double retry_budget = 0.2;                    // retries per call, as a share, plus retry_minimum a second
  double retry_minimum = 10;
  std::chrono::milliseconds backoff_first{10};
  std::chrono::milliseconds backoff_longest{1000};
  int breaker_failures = 5;                     // in a row on one endpoint: it is left alone
  std::chrono::milliseconds breaker_first{1000};  // for this long, doubled up to breaker_longest; then one probe
  std::chrono::milliseconds breaker_longest{30000};
  double ejection_failures = 0.5;               // share of failed calls of an endpoint, if the others fail less than half as often: it is left alone; 0: never
  std::size_t ejection_calls_min = 10;          // of it, and of the others: fewer tell nothing
  double ejection_share_max = 0.5;              // of the endpoints that may be left alone for it; one may always be, the last never is
  std::chrono::milliseconds ejection_interval{10'000};  // over which is counted, or twice that
  std::chrono::milliseconds ejection_first{10'000};     // times how often it was lately, up to ejection_longest; then one probe
  std::chrono::milliseconds ejection_longest{300'000};
  std::string bearer_token_file = {};           // sent as Authorization: Bearer
};

// What travels beside a request.
struct Outgoing {
  Instant deadline = Instant::never();
  TraceContext trace = {};
  std::string_view identity = {};         // this process's calling composition ("orders")
  std::string_view idempotency_key = {};
  std::string_view request_id = {};
  std::string_view method = {};   // the handler that calls: "place"
  std::string_view context = {};  // amqp: a table of headers that calls hand on (wire/nameko/context.hpp)
};

// The broker for targets with the transport amqp.
struct BrokerAccess {
  std::string service = {};                    // who asks, as the reply queue is named
  std::function<bus::LinkRules()> link = {};  // throws tutti::Error(failed_precondition) if none is configured
};

struct ClientObserver {  // for metrics and spans; every function may be null
  std::function<void(const detail::MethodSpec&, std::string_view endpoint, std::string_view transport, std::chrono::nanoseconds, Code, int attempt)> attempt_done;
};

class Client {
 public:
  virtual ~Client() = default;
  // Waits. `reply`: raw memory for the reply's shape, constructed on return (null for void). Throws the contract error's own
  // type through the method's ErrorSpec, or tutti::Error. No work at all if the deadline has passed.
  virtual void call(const detail::MethodSpec& method, const void* request, void* reply, const Outgoing& outgoing) = 0;
  // http only; over others refused: unimplemented "a stream cannot travel over rpc; set tutti.targets.<name>.transport to http".
  virtual std::unique_ptr<detail::Source> call_streamed(const detail::MethodSpec& method, const void* request, void* reply, const Outgoing& outgoing,
                                                        void* feed_context, void (*feed)(void* context, detail::Sink& sink)) = 0;
  [[nodiscard]] virtual HttpClient& http() = 0;
  // Says goodbye to the broker, if it was needed: its reply queue is removed. Waits, at most until then.
  virtual void leave_broker(Instant until) = 0;
  // Closes pools; calls in flight are cancelled.
  virtual void stop() = 0;

  struct TargetReport {
    std::string name;
    std::size_t endpoints = 0, open_breakers = 0, ejected = 0, in_flight = 0;
    std::uint64_t retries = 0, ejections = 0;
  };
  [[nodiscard]] virtual std::vector<TargetReport> report() const = 0;

  // Calls over the broker.
  struct BrokerNumbers {
    std::uint64_t late = 0;        // answers that nobody waited for any more
    std::uint64_t sent_again = 0;  // requests, as their connection was lost
    std::uint64_t reconnects = 0;
  };
  [[nodiscard]] virtual BrokerNumbers broker_numbers() const = 0;
};

// A target that is not in the map: calls throw unavailable: `no endpoints for service "payments"; set
// TUTTI_TARGETS_PAYMENTS_ENDPOINTS or run it in this process`.
[[nodiscard]] std::unique_ptr<Client> make_client(runtime::Shard& shard, const std::map<std::string, TargetSettings>& targets,
                                                  ClientObserver observer = {}, BrokerAccess broker = {});

}  // namespace tutti::client
