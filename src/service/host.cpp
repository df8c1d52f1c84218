#include "service/host.hpp"

#include <algorithm>
#include <utility>

#include <tutti/wait.hpp>

#include "database/core.hpp"
#include "observe/trace/tracer.hpp"
#include "service/broker_bus.hpp"
#include "service/dispatcher.hpp"

namespace tutti::detail {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(Code::failed_precondition, why); }

std::string fleet_timer_name(const Composition& composition, const Timer& timer) {
  return std::string(composition.name()) + "." + timer.rules.name;
}

void tell_overload(Environment& environment) {
  Logger(environment.log()).warn("requests come faster than they are answered: some are refused as overloaded, until this is said no more",
                                 {{"tutti.setting", "tutti.overload.wait_max"}});
}

}  // namespace

std::vector<std::string> names_of(const std::vector<Composed>& services) {
  std::vector<std::string> names;
  for (const Composed& composed : services) names.emplace_back(composed.service.name);
  return names;
}

// Timers and spawned work: fibers that belong to the host and end with it.
struct Host::Background {
  Family family;
  std::size_t running = 0;
};

Host::Host(runtime::Shard& shard, Environment& environment, Interceptor* interceptor)
    : shard_(shard), environment_(environment), interceptor_(interceptor), limit_(shard, environment.library().overload.wait_max, [&environment] { tell_overload(environment); }), bus_(environment.library().broker.uri.empty() ? in_process_bus(*this) : broker_bus(*this)), background_(std::make_unique<Background>()) {
  environment_.join(*this);
}

Host::~Host() {
  environment_.leave(*this);
  client_.reset();
  bus_.reset();
  compositions_.clear();
}

void Host::add(const Composed& composed) {
  if (composition(composed.service.name) != nullptr) {
    refuse("two services of this process are named \"" + std::string(composed.service.name) + "\"; a process hosts each service once");
  }
  compositions_.push_back(std::make_unique<Composition>(composed.service, *this));
  Composition& made = *compositions_.back();
  made.compose(composed.compose);
  wire_names_.add(made);
  for (const auto& served : made.methods) served_.emplace(served->full_name, served.get());
}

void Host::start(bool first_shard) {
  for (const auto& composition : compositions_) {
    for (const auto& subscription : composition->subscriptions) bus_->subscribe(*this, *subscription);
  }
  for (const auto& composition : compositions_) {
    for (const Timer& timer : composition->timers) {
      if (first_shard && timer.rules.once == Once::per_fleet) bus_->contend(fleet_timer_name(*composition, timer));
    }
  }
  bus_->start(first_shard);
  if (!first_shard) return;
  for (const auto& composition : compositions_) {
    for (Timer& timer : composition->timers) {
      struct Start {
        Host* host;
        Composition* composition;
        Timer* timer;
        void operator()() const { host->run_timer(*composition, *timer); }
      } start{this, composition.get(), &timer};
      background_->family.spawn(task_type<Start>, &start);
    }
    for (Work& work : composition->work) {
      struct Start {
        Host* host;
        Composition* composition;
        Work* work;
        void operator()() const {
          CallState state{.composition = composition, .method_name = work->name, .entry = EntryPoint::work};
          state.identity = {.name = std::string(composition->name())};
          const Failure failure = dispatch_raw(*composition, state, work->name, work,
                                               [](void* w, const Context&) { static_cast<Work*>(w)->run(); });
          if (failure.failed() && failure.code != Code::cancelled) {
            composition->log().error("spawned work ended", {{"tutti.work", work->name}, {"error.message", failure.message}});
          }
        }
      } start{this, composition.get(), &work};
      background_->family.spawn(task_type<Start>, &start);
    }
  }
}

// Never overlaps itself: the next period begins when the run has ended.
void Host::run_timer(Composition& composition, Timer& timer) {
  for (;;) {
    sleep(timer.period);
    if (timer.rules.once == Once::per_fleet && !bus_->leads(fleet_timer_name(composition, timer))) continue;
    CallState state{.composition = &composition, .method_name = "timer", .entry = EntryPoint::timer};
    state.identity = {.name = std::string(composition.name())};
    Span span = environment_.tracer().start("timer", SpanKind::internal, TraceContext{});
    state.trace = span.context();
    const Failure failure = dispatch_raw(composition, state, "timer", &timer, [](void* t, const Context&) { static_cast<Timer*>(t)->work(); });
    if (failure.failed()) {
      span.fail(failure.message);
      // Cancelled while stopping: the next sleep throws and ends the loop.
      if (failure.code != Code::cancelled) composition.log().error("a timer's run failed", {{"error.message", failure.message}});
    }
  }
}

bool Host::stop(Instant until) {
  background_->family.cancel();
  bool ended = true;
  try {
    Limited limited(std::max(until - shard_.now(), std::chrono::nanoseconds(0)));
    background_->family.wait();
  } catch (const Error&) {
    ended = background_->family.running == 0;  // cancelled is how background work ends
  }
  const bool drained = bus_->drain(until);
  if (client_) client_->leave_broker(shard_.now() + std::chrono::seconds(1));
  return drained && ended;
}

Composition* Host::composition(std::string_view service) noexcept {
  for (const auto& composition : compositions_) {
    if (composition->name() == service) return composition.get();
  }
  return nullptr;
}

ServedMethod* Host::find(const MethodSpec& method) noexcept {
  Composition* const found = composition(method.service->name);
  return found ? found->find(method.name) : nullptr;
}

ServedMethod* Host::find(std::string_view full_name) noexcept {
  const auto found = served_.find(full_name);
  return found == served_.end() ? nullptr : found->second;
}

client::BrokerAccess Host::broker_access() {
  if (environment_.library().broker.uri.empty()) return {};
  return {.service = compositions_.empty() ? std::string("tutti") : std::string(compositions_.front()->name()),
          .link = [this] { return broker_link_rules(*this, "calls"); }};
}

client::Client& Host::client() {
  if (!client_) client_ = client::make_client(shard_, environment_.library().targets, client_observer(), broker_access());
  return *client_;
}

std::vector<client::Client::TargetReport> Host::targets() const {
  return client_ ? client_->report() : std::vector<client::Client::TargetReport>();
}

client::Client::BrokerNumbers Host::calls_over_broker() const { return client_ ? client_->broker_numbers() : client::Client::BrokerNumbers{}; }

// Each attempt is measured, whichever wire it takes. A method has one target, and that one transport.
client::ClientObserver Host::client_observer() {
  return {.attempt_done = [this](const MethodSpec& method, std::string_view, std::string_view transport, std::chrono::nanoseconds duration, Code code, int) {
    const CallState* const call = current_call();
    Composition* const caller = call && call->composition ? call->composition : compositions_.empty() ? nullptr : compositions_.front().get();
    if (caller == nullptr) return;
    const std::pair<const Composition*, const MethodSpec*> key{caller, &method};
    auto known = call_durations_.find(key);
    if (known == call_durations_.end()) {
      const std::string_view system = transport == "amqp" ? "nameko" : transport == "rpc" ? "tutti" : transport;
      const std::string name = std::string(method.service->name) + "." + std::string(method.name);
      known = call_durations_.emplace(key, observe::RequestDurations::rpc_client(caller->metrics(), system, name)).first;
    }
    known->second.record(code, duration);
  }};
}

bool Host::has_events() const noexcept {
  return std::ranges::any_of(compositions_, [](const auto& composition) { return composition->uses_events() || composition->has_fleet_timers(); });
}

std::vector<std::string> Host::not_ready() {
  std::vector<std::string> reasons;
  if (const std::string why = bus_->not_ready(); !why.empty()) reasons.push_back("broker: " + why);
  for (const auto& composition : compositions_) {
    const std::string name(composition->name());
    for (const auto& [database, opened] : composition->databases) {
      if (!opened->numbers().open) reasons.push_back(name + ": the database " + database + " is not open");
    }
    for (const ReadyCheck& check : composition->ready_checks) {
      try {
        if (!check.check()) reasons.push_back(name + ": " + check.name);
      } catch (const std::exception& error) {
        reasons.push_back(name + ": " + check.name + ": " + error.what());
      }
    }
  }
  return reasons;
}

}  // namespace tutti::detail
