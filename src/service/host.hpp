// The services of one shard, and how they find each other: in this process, faked by a test, or elsewhere.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/main.hpp>

#include "client/client.hpp"
#include "observe/metrics/request_durations.hpp"
#include "runtime/shard.hpp"
#include "service/bus.hpp"
#include "service/composition.hpp"
#include "service/concurrency_limit.hpp"
#include "service/environment.hpp"
#include "service/wire_names.hpp"

namespace tutti::detail {

// What a test wants to see and to change. In production there is none.
class Interceptor {
 public:
  virtual ~Interceptor() = default;
  // Before a call is looked up: true if it was answered here (`reply` constructed), false to go on. May throw what the
  // call shall fail with.
  virtual bool intercept(CallPath& path, const MethodSpec& method, void* request, void* reply, const CallOptions& options) = 0;
  // No service of this process and no fake answers: throws what the call shall fail with.
  virtual void missing(CallPath& path, const MethodSpec& method) = 0;
  // A handler let out what its contract does not declare.
  virtual void undeclared(const CallState& state, std::string_view what) = 0;
  // A by_key handler returned without database.once.
  virtual void once_forgotten(const CallState& state) = 0;
  // The same by_key call was made twice and the second answer differs: "id: \"r-2\", expected \"r-1\"".
  virtual void repeated_differently(const MethodSpec& method, const std::string& difference) = 0;
  virtual void published(const EventMessage& message) = 0;
  // After the last attempt of a handler, without a broker.
  virtual void given_up(const EventMessage& message) = 0;
  // Who a call comes from that no composition makes.
  [[nodiscard]] virtual Identity tester() const = 0;
};

// For the settings: whose sections are read here.
[[nodiscard]] std::vector<std::string> names_of(const std::vector<Composed>& services);

class Host {
 public:
  Host(runtime::Shard& shard, Environment& environment, Interceptor* interceptor = nullptr);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // In the order given; throws tutti::Error(failed_precondition) for names that clash.
  void add(const Composed& composed);
  // After the last add: checks routes between compositions, subscribes events, starts spawned work; timers only on shard 0.
  void start(bool first_shard);
  // Timers and spawned work end (cancelled at `until`), the bus drains. Waits. True if nothing was left behind.
  [[nodiscard]] bool stop(Instant until);

  [[nodiscard]] Composition* composition(std::string_view service) noexcept;
  [[nodiscard]] ServedMethod* find(const MethodSpec& method) noexcept;
  // "payments.charge", as it comes over rpc.
  [[nodiscard]] ServedMethod* find(std::string_view full_name) noexcept;

  [[nodiscard]] runtime::Shard& shard() noexcept { return shard_; }
  [[nodiscard]] Environment& environment() noexcept { return environment_; }
  [[nodiscard]] Interceptor* interceptor() noexcept { return interceptor_; }
  [[nodiscard]] Bus& bus() noexcept { return *bus_; }
  [[nodiscard]] client::Client& client();  // made on first use
  [[nodiscard]] std::vector<client::Client::TargetReport> targets() const;
  [[nodiscard]] client::Client::BrokerNumbers calls_over_broker() const;
  [[nodiscard]] Metrics& metrics() noexcept { return metrics_; }
  // For what comes over http, rpc and amqp.
  [[nodiscard]] ConcurrencyLimit& limit() noexcept { return limit_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Composition>>& compositions() const noexcept { return compositions_; }

  // Whether a service here publishes or handles events, or has a timer of the fleet: then the bus's remark concerns somebody.
  [[nodiscard]] bool has_events() const noexcept;
  // Names of checks that say no, with the reason: "payments: model", "catalog: database ledger: ...". Waits.
  [[nodiscard]] std::vector<std::string> not_ready();

 private:
  void run_timer(Composition& composition, Timer& timer);
  [[nodiscard]] client::BrokerAccess broker_access();
  [[nodiscard]] client::ClientObserver client_observer();

  runtime::Shard& shard_;
  Environment& environment_;
  Interceptor* interceptor_;
  Metrics metrics_;
  ConcurrencyLimit limit_;
  std::vector<std::unique_ptr<Composition>> compositions_;
  std::map<std::string, ServedMethod*, std::less<>> served_;
  WireNames wire_names_;
  std::unique_ptr<Bus> bus_;
  std::map<std::pair<const Composition*, const MethodSpec*>, observe::RequestDurations> call_durations_;  // by who calls what
  std::unique_ptr<client::Client> client_;
  struct Background;
  std::unique_ptr<Background> background_;
};

}  // namespace tutti::detail
