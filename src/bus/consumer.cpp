#include "bus/consumer.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace tutti::bus {

namespace amqp = wire::amqp;

namespace {

constexpr std::uint16_t consuming = 1;

// Consumer tags are the queues' numbers.
std::optional<std::size_t> number_of(std::string_view tag) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), number);
  if (error != std::errc() || end != tag.data() + tag.size()) return {};
  return number;
}

}  // namespace

template <class M>
void Consumer::ask(const M& method) {
  link_.append(consuming, method);
  ++answers_left_;
}

// All of it at once: the broker works in order, and the first refusal closes the channel with its reason.
void Consumer::opened() {
  answers_left_ = 0;
  ask(amqp::ChannelOpen{});
  if (stopped_) return;
  for (std::size_t number = 0; number < queues_.size(); ++number) set_up(number);
}

void Consumer::set_up(std::size_t number) {
  const ConsumedQueue& queue = queues_[number];
  ask(amqp::ExchangeDeclare{.exchange = queue.exchange, .type = "topic", .durable = true});
  for (const QueueRules& beside : queue.beside) declare(beside);
  declare(queue.queue);
  ask(amqp::QueueBind{.queue = queue.queue.name, .exchange = queue.exchange, .routing_key = queue.routing_key});
  ask(amqp::BasicQos{.prefetch_count = queue.prefetch});
  const std::string tag = std::to_string(number);
  ask(amqp::BasicConsume{.queue = queue.queue.name, .consumer_tag = tag});
}

void Consumer::declare(const QueueRules& queue) {
  ask(amqp::QueueDeclare{.queue = queue.name,
                         .durable = true,
                         .exclusive = queue.exclusive,
                         .auto_delete = queue.auto_delete,
                         .arguments = {queue.arguments}});
}

void Consumer::take(std::uint16_t, const amqp::Method& method) {
  if (const auto* close = std::get_if<amqp::ChannelClose>(&method)) {
    link_.append(consuming, amqp::ChannelCloseOk{});
    return link_.fail("the broker refuses the queues: " + std::to_string(close->reply_code) + " " +
                      std::string(close->reply_text));
  }
  if (const auto* cancel = std::get_if<amqp::BasicCancel>(&method)) {
    // Somebody removed the queue: it is declared anew with the next connection.
    const auto number = number_of(cancel->consumer_tag);
    return link_.fail("the broker no longer delivers from the queue " + (number && *number < queues_.size()
                                                                             ? queues_[*number].queue.name
                                                                             : std::string(cancel->consumer_tag)));
  }
  if (std::holds_alternative<amqp::BasicCancelOk>(method) && cancels_left_ != 0) {
    if (--cancels_left_ == 0) stopping_.unpark();
    return;
  }
  if (answers_left_ == 0) return;
  if (--answers_left_ == 0) link_.settled();
}

void Consumer::take_content(std::uint16_t, const amqp::Method& method, std::string_view properties,
                            std::string_view body) {
  const auto* const deliver = std::get_if<amqp::BasicDeliver>(&method);
  if (!deliver) return;
  const auto number = number_of(deliver->consumer_tag);
  if (!number || *number >= queues_.size()) return;
  ++consumed_;
  if (deliver->redelivered) ++redelivered_;
  Delivery delivery{.connection = connection_,
                    .tag = deliver->delivery_tag,
                    .redelivered = deliver->redelivered,
                    .exchange = std::string(deliver->exchange),
                    .routing_key = std::string(deliver->routing_key),
                    .properties = std::string(properties),
                    .body = std::string(body)};
  const ConsumedQueue& queue = queues_[*number];
  if (stopped_ && queue.late == ConsumedQueue::Late::requeue) return requeue(delivery);
  queue.take(std::move(delivery));
}

void Consumer::acknowledge(const Delivery& delivery) {
  if (delivery.connection == connection_) link_.append(consuming, amqp::BasicAck{.delivery_tag = delivery.tag});
}

void Consumer::requeue(const Delivery& delivery) {
  if (delivery.connection == connection_)
    link_.append(consuming, amqp::BasicNack{.delivery_tag = delivery.tag, .requeue = true});
}

void Consumer::answer(const Delivery& delivery, std::string_view exchange, std::string_view routing_key,
                      std::string_view properties, std::string_view body) {
  if (delivery.connection != connection_) return;
  link_.append(consuming, amqp::BasicPublish{.exchange = exchange, .routing_key = routing_key});
  link_.append_content(consuming, properties, body);
  acknowledge(delivery);
}

void Consumer::stop() {
  stopped_ = true;
  if (link_.up()) cancels_left_ = queues_.size();
  for (std::size_t number = 0; number < queues_.size(); ++number) {
    const std::string tag = std::to_string(number);
    link_.append(consuming, amqp::BasicCancel{.consumer_tag = tag});
  }
}

void Consumer::wait_stopped(Instant until) {
  if (cancels_left_ != 0) (void)stopping_.park(until, "a broker's last delivery");
}

void Consumer::lost() {
  ++connection_;
  if (std::exchange(cancels_left_, 0) != 0) stopping_.unpark();
}

ConsumerFigures Consumer::figures() const noexcept {
  return {.consumed = consumed_, .redelivered = redelivered_, .reconnects = link_.reconnects()};
}

}  // namespace tutti::bus
