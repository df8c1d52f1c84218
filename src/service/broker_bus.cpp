#include "service/broker_bus.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <tutti/wait.hpp>

#include "bus/consumer.hpp"
#include "bus/leadership.hpp"
#include "bus/publisher.hpp"
#include "service/dispatcher.hpp"
#include "service/event_wire.hpp"
#include "service/host.hpp"
#include "service/hub_relay.hpp"
#include "service/outbox_relay.hpp"
#include "wire/trace_context.hpp"

namespace tutti::detail {
namespace {

constexpr std::chrono::nanoseconds forward_timeout = std::chrono::seconds(30);
constexpr std::chrono::nanoseconds pause_before_requeue = std::chrono::seconds(1);
constexpr std::chrono::nanoseconds goodbye_timeout = std::chrono::seconds(1);

std::string name_of(Host& host) {
  std::string name;
  for (const auto& composition : host.compositions())
    name += (name.empty() ? "" : ", ") + std::string(composition->name());
  return name;
}

constexpr std::int64_t deliveries_max = 100;

// A queue of the kind that the setting tutti.events.queues asks for. What is exclusive is never replicated.
void ask_for_quorum(wire::amqp::TableBuilder& arguments) {
  arguments.text("x-queue-type", "quorum");
  // RabbitMQ's own limit of 20 would throw away what lies in it and is looked at.
  arguments.integer("x-delivery-limit", std::numeric_limits<std::int32_t>::max());
}

// Where the events of a handler come from. An event that kills each process that handles it goes to the dead letters.
std::string quorum_arguments(const std::string& dead) {
  wire::amqp::TableBuilder arguments;
  arguments.text("x-queue-type", "quorum").integer("x-delivery-limit", deliveries_max);
  arguments.text("x-dead-letter-exchange", "").text("x-dead-letter-routing-key", dead);
  arguments.text("x-dead-letter-strategy", "at-least-once").text("x-overflow", "reject-publish");
  return std::string(arguments.table().bytes);
}

bus::QueueRules retry_queue(const std::string& queue, std::chrono::milliseconds pause, bool exclusive, bool quorum) {
  wire::amqp::TableBuilder arguments;
  if (quorum) {
    ask_for_quorum(arguments);
    // Without it a message may be lost on its way back.
    arguments.text("x-dead-letter-strategy", "at-least-once").text("x-overflow", "reject-publish");
  }
  arguments.integer("x-message-ttl", pause.count());
  arguments.text("x-dead-letter-exchange", "");
  arguments.text("x-dead-letter-routing-key", queue);
  return {
      .name = retry_queue_of(queue, pause), .exclusive = exclusive, .arguments = std::string(arguments.table().bytes)};
}

class BrokerBus final : public Bus {
 public:
  explicit BrokerBus(Host& host) : host_(host), instance_(host.environment().world().random().id()) {
    (void)broker_link_rules(host, "check");  // a URI that is none ends the start, not the first event
  }
  ~BrokerBus() override {
    ending_ = true;
    relaying_.cancel();
    handling_.cancel();
    relaying_.wait_uninterrupted();
    handling_.wait_uninterrupted();
  }

  void publish(EventMessage message) override {
    if (Interceptor* interceptor = host_.interceptor()) interceptor->published(message);
    const std::string exchange = exchange_of(message.event->service->name);
    const std::string traceparent =
        message.trace.valid() ? wire::to_string({message.trace.trace_id, message.trace.span_id, message.trace.flags})
                              : std::string();
    const std::string properties = event_properties({.id = message.id,
                                                     .at = host_.environment().world().clock().now(),
                                                     .traceparent = traceparent,
                                                     .tracestate = message.trace.tracestate,
                                                     .context = message.context});
    bus::Publication publication{.exchange = exchange,
                                 .routing_key = message.event->name,
                                 .message_id = message.id,
                                 .properties = properties,
                                 .body = message.body};
    ++numbers_.published;
    try {
      publisher().publish(std::span(&publication, 1),
                          std::min(runtime::deadline(), host_.shard().now() + settings().publish_timeout));
    } catch (const Error& error) {
      if (error.code() == Code::resource_exhausted) ++numbers_.refused;
      throw;
    }
    if (publication.outcome != bus::Publication::Outcome::confirmed) {
      throw Error(Code::unavailable, "the event " + std::string(message.event->service->name) + "." +
                                         std::string(message.event->name) +
                                         " was not published: " + publication.reason);
    }
  }

  // The row in the outbox is what counts: it is sent in its turn, by the first shard.
  void publish_committed(EventMessage message, Database& database) override {
    if (Interceptor* interceptor = host_.interceptor()) interceptor->published(message);
    ++numbers_.published;
    Host& first = *host_.environment().hosts().front();
    auto& bus = static_cast<BrokerBus&>(first.bus());
    if (&first == &host_) return bus.wake(database);
    first.shard().post([&bus, &database] { bus.wake(database); });
  }

  void subscribe(Host&, Subscription& subscription) override {
    const std::string& queue = queues_.add(subscription, instance_);
    const bool broadcast = subscription.rules.delivery == Delivery::broadcast;
    const bool quorum = host_.environment().library().events.queues == EventSettings::Queues::quorum;
    const std::string dead = dead_queue_of(subscription);
    bus::ConsumedQueue consumed{
        .queue = {.name = queue,
                  .exclusive = broadcast,
                  .auto_delete = broadcast,
                  .arguments = quorum && !broadcast ? quorum_arguments(dead) : std::string()},
        .exchange = exchange_of(subscription.spec->service->name),
        .routing_key = std::string(subscription.spec->name),
        .prefetch = static_cast<std::uint16_t>(static_cast<std::uint32_t>(settings().in_flight_max))};
    for (int attempt = 1; attempt < subscription.rules.retry.attempts; ++attempt) {
      bus::QueueRules retry =
          retry_queue(queue, pause_after(subscription.rules.retry, attempt), broadcast, quorum && !broadcast);
      if (consumed.beside.empty() || consumed.beside.back().name != retry.name)
        consumed.beside.push_back(std::move(retry));
    }
    bus::QueueRules dead_letters{.name = dead};
    if (quorum) {
      wire::amqp::TableBuilder arguments;
      ask_for_quorum(arguments);
      dead_letters.arguments = arguments.table().bytes;
    }
    consumed.beside.push_back(std::move(dead_letters));
    consumed.take = [this, &subscription, &queue](bus::Delivery delivery) {
      take(subscription, queue, std::move(delivery));
    };
    consumer().add(std::move(consumed));
  }

  // One connection of the process carries them, the first shard's.
  void announce(const ServedChannel& channel, std::shared_ptr<const Announcement> announcement) override {
    Host& first = *host_.environment().hosts().front();
    auto& bus = static_cast<BrokerBus&>(first.bus());
    const std::string_view name = channel.full_name();  // as long as the process
    const auto hand_over = [&bus, name, announcement = std::move(announcement)] {
      if (bus.hubs_) bus.hubs_->announce(name, announcement);  // not before the start: nobody is connected
    };
    if (&first == &host_) return hand_over();
    first.shard().post(hand_over);
  }

  void contend(std::string_view name) override {
    if (!leadership_)
      leadership_ = std::make_unique<bus::Leadership>(host_.shard(), broker_link_rules(host_, "timers of the fleet"));
    leadership_->contend(std::string(name));
  }
  bool leads(std::string_view name) override { return leadership_ && leadership_->leads(name); }

  void start(bool first_shard) override {
    if (leadership_) leadership_->start();
    if (first_shard) start_hubs();
    if (consumer_) consumer_->start();
    if (host_.has_events()) publisher().start();
    if (!first_shard) return;
    for (const auto& [name, database] : host_.environment().databases()) {
      relays_.push_back(std::make_unique<OutboxRelay>(
          *database, publisher(), host_.environment().world(), [this, name = name](std::string_view sentence) {
            Logger(host_.environment().log()).warn(sentence, {{"db.namespace", name}});
          }));
      struct Relay {
        OutboxRelay* relay;
        void operator()() const { relay->run(); }
      } task{relays_.back().get()};
      relaying_.spawn(task_type<Relay>, &task);
    }
  }

  // What is delivered is handled and acknowledged; the rest stays with the broker.
  bool drain(Instant until) override {
    if (consumer_) consumer_->stop();
    try {
      Limited limited(std::max(until - host_.shard().now(), std::chrono::nanoseconds(0)));
      handling_.wait();
    } catch (const Error&) {
      handling_.cancel();
    }
    if (hubs_) hubs_->drain(until);
    const bool whole = handling_.running == 0;
    relaying_.cancel();
    relaying_.wait_uninterrupted();
    const Instant goodbye = host_.shard().now() + goodbye_timeout;
    if (leadership_) leadership_->close(goodbye);
    if (consumer_ && whole) consumer_->close(goodbye);
    if (publisher_ && whole) publisher_->close(goodbye);
    return whole;
  }

  BusNumbers numbers() const override {
    BusNumbers numbers = numbers_;
    numbers.waiting = handling_.running;
    if (publisher_) {
      const bus::PublisherFigures figures = publisher_->figures();
      numbers.confirmed = figures.confirmed;
      numbers.sent_again = figures.sent_again;
      numbers.unconfirmed = figures.waiting;
      numbers.reconnects += figures.reconnects;
    }
    if (consumer_) {
      const bus::ConsumerFigures figures = consumer_->figures();
      numbers.consumed = figures.consumed;
      numbers.redelivered = figures.redelivered;
      numbers.reconnects += figures.reconnects;
    }
    return numbers;
  }

  std::string_view remark() const override { return {}; }

  std::string not_ready() const override {
    if (consumer_) {
      if (std::string why = consumer_->not_ready(); !why.empty()) return why;
    }
    if (leadership_) {
      if (std::string why = leadership_->not_ready(); !why.empty()) return why;
    }
    return publisher_ ? publisher_->not_ready() : std::string();
  }

 private:
  const BrokerSettings& settings() const { return host_.environment().library().broker; }

  bus::Publisher& publisher() {
    if (!publisher_)
      publisher_ = std::make_unique<bus::Publisher>(host_.shard(), broker_link_rules(host_, "publishing"),
                                                    bus::PublisherRules{.waiting_max = settings().waiting_max});
    return *publisher_;
  }
  bus::Consumer& consumer() {
    if (!consumer_) consumer_ = std::make_unique<bus::Consumer>(host_.shard(), broker_link_rules(host_, "consuming"));
    return *consumer_;
  }

  void start_hubs() {
    for (const auto& composition : host_.compositions()) {
      for (const auto& channel : composition->channels) {
        if (!hubs_) hubs_ = std::make_unique<HubRelay>(host_, instance_, publisher());
        hubs_->add(*channel, consumer());
      }
    }
    if (hubs_) hubs_->start();
  }

  void wake(const Database& database) {
    for (const auto& relay : relays_) {
      if (relay->database() == &database) relay->wake();
    }
  }

  // On the connection's fiber: at most `prefetch` of each handler are under way.
  void take(Subscription& subscription, const std::string& queue, bus::Delivery delivery) {
    struct Task {
      BrokerBus* bus;
      Subscription* subscription;
      const std::string* queue;
      std::unique_ptr<bus::Delivery> delivery;
      void operator()() const { bus->handle(*subscription, *queue, *delivery); }
    } task{this, &subscription, &queue, std::make_unique<bus::Delivery>(std::move(delivery))};
    if (ending_) return;
    try {
      handling_.spawn(task_type<Task>, &task);
    } catch (const Error&) {
      // No fiber is free: it comes again, here or in another instance.
      consumer_->requeue(*task.delivery);
    }
  }

  void handle(Subscription& subscription, const std::string& queue, const bus::Delivery& delivery) {
    runtime::set_deadline(Instant::never());
    runtime::set_context(nullptr);
    ReceivedEvent event = received_event(delivery.properties, delivery.exchange, delivery.routing_key);
    // Other publishers give none; from here on it is the same for every attempt.
    if (event.id.empty()) event.id = host_.environment().world().random().id();
    const EventMessage message{.event = subscription.spec, .id = event.id, .body = delivery.body, .trace = event.trace, .context = event.headers};
    const HandledEvent handled = handle_event(host_, subscription, message);
    const Failure& failure = handled.failure;
    if (!failure.failed()) {
      ++numbers_.handled;
      return consumer_->acknowledge(delivery);
    }
    if (failure.code == Code::cancelled) return;  // the process ends: what is not acknowledged comes again elsewhere
    const bool last = handled.undecodable || event.attempt >= subscription.rules.retry.attempts;
    const Forwarding forwarding{.id = event.id,
                                .attempt = last ? event.attempt : event.attempt + 1,
                                .reason = handled.undecodable ? "undecodable"
                                          : last              ? "attempts"
                                                              : "",
                                .error = failure.message,
                                .queue = queue};
    const std::string to = last ? dead_queue_of(subscription)
                                : retry_queue_of(queue, pause_after(subscription.rules.retry, event.attempt));
    if (last) tell_given_up(subscription, event, failure, to);
    ++(last ? numbers_.dead : numbers_.retried);
    forward(delivery, event, forwarding, to);
  }

  void tell_given_up(const Subscription& subscription, const ReceivedEvent& event, const Failure& failure,
                     const std::string& to) {
    subscription.composition->log().error("an event was given up after its last attempt",
                                          {{"messaging.destination.name", to},
                                           {"messaging.message.id", event.id},
                                           {"tutti.attempts", event.attempt},
                                           {"error.message", failure.message}});
  }

  // First it lies in the other queue, then it leaves this one.
  void forward(const bus::Delivery& delivery, const ReceivedEvent& event, const Forwarding& forwarding,
               const std::string& to) {
    const std::string properties = forwarded_properties(delivery.properties, event, forwarding);
    bus::Publication publication{
        .routing_key = to, .message_id = event.id, .properties = properties, .body = delivery.body, .must_route = true};
    std::string failure;
    try {
      publisher().publish(std::span(&publication, 1), host_.shard().now() + forward_timeout);
      if (publication.outcome == bus::Publication::Outcome::confirmed) return consumer_->acknowledge(delivery);
      failure = publication.reason;
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) return;
      failure = error.what();
    }
    Logger(host_.environment().log())
        .error("a failed event cannot be put aside and stays in its queue",
               {{"messaging.destination.name", to}, {"messaging.message.id", event.id}, {"error.message", failure}});
    try {
      sleep(pause_before_requeue);
    } catch (const Error&) {
      return;
    }
    consumer_->requeue(delivery);
  }

  Host& host_;
  const std::string instance_;
  QueueNames queues_;
  BusNumbers numbers_;
  bool ending_ = false;
  std::unique_ptr<bus::Publisher> publisher_;
  std::unique_ptr<bus::Consumer> consumer_;
  std::unique_ptr<HubRelay> hubs_;  // on the first shard, if there are channels
  std::unique_ptr<bus::Leadership> leadership_;
  std::vector<std::unique_ptr<OutboxRelay>> relays_;
  Family handling_;
  Family relaying_;
};

}  // namespace

bus::LinkRules broker_link_rules(Host& host, const char* purpose) {
  const BrokerSettings& settings = host.environment().library().broker;
  bus::LinkRules rules{
      .name = name_of(host) + " (" + purpose + ")",
      .connect_timeout = settings.connect_timeout,
      .backoff_longest = settings.backoff_longest,
      .message_bytes_max = settings.message_bytes_max,
      .report = [&host](std::string_view sentence) { Logger(host.environment().log()).warn(sentence); }};
  try {
    rules.uri = bus::parse_broker_uri(settings.uri);
  } catch (const Error& error) {
    throw Error(error.code(), "tutti.broker.uri: " + std::string(error.what()));
  }
  return rules;
}

std::unique_ptr<Bus> broker_bus(Host& host) { return std::make_unique<BrokerBus>(host); }

}  // namespace tutti::detail
