#include "service/bus.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <tutti/mutex.hpp>
#include <tutti/wait.hpp>

#include "message/json_reader.hpp"
#include "observe/trace/tracer.hpp"
#include "service/dispatcher.hpp"
#include "service/event_wire.hpp"
#include "service/host.hpp"
#include "service/value.hpp"
#include "wire/nameko/context.hpp"

namespace tutti::detail {
namespace {

constexpr std::size_t handled_at_once_max = 256;  // events, per shard

// Delivers to the subscriptions of this shard, and broadcasts also to those of the others. What is waiting when the
// process ends is lost: events that must survive are published in a transaction.
class InProcessBus final : public Bus {
 public:
  explicit InProcessBus(Host& host) : host_(host), permits_(handled_at_once_max) {}
  ~InProcessBus() override {
    family_.cancel();
    family_.wait_uninterrupted();
  }

  void publish(EventMessage message) override {
    if (Interceptor* interceptor = host_.interceptor()) interceptor->published(message);
    ++numbers_.published;
    const auto shared = std::make_shared<const EventMessage>(std::move(message));
    bool singleton_has_it = false;
    for (Subscription* subscription : subscriptions_) {
      if (!is_for(*subscription, *shared)) continue;
      // One handler of all that ask for it so, as they would share a queue.
      if (subscription->rules.delivery == Delivery::singleton && std::exchange(singleton_has_it, true)) continue;
      deliver(*subscription, shared);
    }
    for (Host* other : host_.environment().hosts()) {
      if (other == &host_) continue;
      auto& bus = static_cast<InProcessBus&>(other->bus());
      other->shard().post([&bus, shared] { bus.deliver_broadcast(shared); });
    }
  }

  void publish_committed(EventMessage message, Database&) override { publish(std::move(message)); }

  void subscribe(Host&, Subscription& subscription) override {
    queues_.add(subscription, {});
    subscriptions_.push_back(&subscription);
  }

  // Alone it is always the one.
  void contend(std::string_view) override {}
  bool leads(std::string_view) override { return true; }

  void announce(const ServedChannel&, std::shared_ptr<const Announcement>) override {}  // there are no other instances

  void start(bool) override {}

  bool drain(Instant until) override {
    try {
      Limited limited(std::max(until - host_.shard().now(), std::chrono::nanoseconds(0)));
      family_.wait();
    } catch (const Error&) {
      family_.cancel();
    }
    return family_.running == 0;
  }

  BusNumbers numbers() const override {
    BusNumbers numbers = numbers_;
    numbers.waiting = family_.running;
    return numbers;
  }

  std::string_view remark() const override { return "events reach the handlers of this process only, and timers of the fleet run in each: no broker is configured"; }

  std::string not_ready() const override { return {}; }

 private:
  static bool is_for(const Subscription& subscription, const EventMessage& message) {
    return subscription.spec->name == message.event->name && subscription.spec->service->name == message.event->service->name;
  }

  void deliver_broadcast(const std::shared_ptr<const EventMessage>& message) {
    for (Subscription* subscription : subscriptions_) {
      if (subscription->rules.delivery != Delivery::broadcast || !is_for(*subscription, *message)) continue;
      try {
        deliver(*subscription, message);
      } catch (const Error& error) {
        // On the loop of another shard than the publisher's: nobody is there to be told.
        subscription->composition->log().error("an event was not delivered", {{"messaging.message.id", message->id}, {"error.message", error.what()}});
      }
    }
  }

  void deliver(Subscription& subscription, std::shared_ptr<const EventMessage> message) {
    if (family_.running >= bus_waiting_max) {
      ++numbers_.refused;
      throw Error(Code::resource_exhausted, std::to_string(bus_waiting_max) + " events wait to be handled in this process; publish fewer or handle them faster");
    }
    struct Task {
      InProcessBus* bus;
      Subscription* subscription;
      std::shared_ptr<const EventMessage> message;
      void operator()() const { bus->handle(*subscription, *message); }
    } task{this, &subscription, std::move(message)};
    family_.spawn(task_type<Task>, &task);
  }

  void handle(Subscription& subscription, const EventMessage& message) {
    // The publisher's deadline is not the handler's: an event is work of its own.
    runtime::set_deadline(Instant::never());
    runtime::set_context(nullptr);
    const RetryRules& retry = subscription.rules.retry;
    std::chrono::nanoseconds pause = retry.first;
    for (int attempt = 1;; ++attempt) {
      const HandledEvent handled = handle_once(subscription, message);
      const Failure& failure = handled.failure;
      if (!failure.failed()) {
        ++numbers_.handled;
        return;
      }
      if (failure.code == Code::cancelled) return;
      const std::string event = std::string(message.event->service->name) + "." + std::string(message.event->name);
      if (handled.undecodable || attempt >= retry.attempts) {
        ++numbers_.dead;
        if (Interceptor* interceptor = host_.interceptor()) interceptor->given_up(message);
        subscription.composition->log().error("an event was given up after its last attempt",
                                              {{"messaging.destination.name", event},
                                               {"messaging.message.id", message.id},
                                               {"tutti.attempts", attempt},
                                               {"error.message", failure.message}});
        return;
      }
      ++numbers_.retried;
      sleep(pause);
      pause = std::min(pause * 2, retry.longest);
    }
  }

  HandledEvent handle_once(Subscription& subscription, const EventMessage& message) {
    permits_.acquire();
    struct Release {
      Semaphore& permits;
      ~Release() { permits.release(); }
    } release{permits_};
    return handle_event(host_, subscription, message);
  }

  Host& host_;
  QueueNames queues_;  // none is made, but with a broker they would be: what clashes there is refused here as well
  std::vector<Subscription*> subscriptions_;
  Semaphore permits_;
  Family family_;
  BusNumbers numbers_;
};

// "notifications.on_placed.4bf92f35": the handler as one of the calls that led somewhere.
std::string call_id_of(const Subscription& subscription, Random& random) {
  return std::string(subscription.composition->name()) + "." + handler_name_of(subscription) + "." + random.id();
}

}  // namespace

HandledEvent handle_event(Host& host, Subscription& subscription, const EventMessage& message) {
  const Shape& shape = subscription.spec->message();
  Value value(shape);
  value.construct();
  if (const Violations violations = message::read_json(shape, value.get(), message.body); !violations.empty()) {
    return {.failure = {.code = Code::invalid_argument, .message = violations.to_string()}, .undecodable = true};
  }
  CallState state{.composition = subscription.composition, .method_name = message.event->name, .entry = EntryPoint::event};
  state.message_id = message.id;
  state.identity = {.name = std::string(message.event->service->name)};
  Span span = host.environment().tracer().start("process " + std::string(message.event->name), SpanKind::consumer, message.trace);
  state.trace = span.context();
  const std::string context = wire::nameko::context_of(wire::amqp::Table{message.context}, call_id_of(subscription, host.environment().world().random()));
  state.context = context;
  struct Bound {
    Subscription& subscription;
    void* value;
  } bound{subscription, value.get()};
  Failure failure = dispatch_raw(*subscription.composition, state, message.event->name, &bound, [](void* self, const Context& context) {
    auto& b = *static_cast<Bound*>(self);
    b.subscription.handler(b.value, nullptr, context);
  });
  if (failure.failed()) span.fail(failure.message);
  return {.failure = std::move(failure)};
}

std::unique_ptr<Bus> in_process_bus(Host& host) { return std::make_unique<InProcessBus>(host); }

}  // namespace tutti::detail
