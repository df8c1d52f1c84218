// What a client does with messages: publishing, consuming, settling.
#include <algorithm>
#include <utility>

#include "broker/model/handling.hpp"
#include "broker/session/channel_send.hpp"

namespace tutti::broker {

namespace amqp = wire::amqp;

namespace {

std::int64_t priority_of(const amqp::BasicConsume& method) {
  const auto value = amqp::find(method.arguments, "x-priority");
  if (!value) return 0;
  const auto priority = value->integer();
  if (!priority)
    throw Refusal(ReplyCode::precondition_failed, "invalid argument 'x-priority'; expected a whole number");
  return *priority;
}

// To the same consumer again (section 1.8.3.14 of the reference): RabbitMQ does not do it either.
[[noreturn]] void refuse_redelivery() {
  throw Refusal(ReplyCode::not_implemented, "basic.recover with requeue=false; use basic.nack");
}

}  // namespace

// ---- publishing

void Channel::on(const amqp::BasicPublish& method) {
  if (method.immediate) throw Refusal(ReplyCode::not_implemented, "immediate=true");
  publishing_.exchange = method.exchange;
  publishing_.routing_key = method.routing_key;
  publishing_.mandatory = method.mandatory;
  content_.begin();
}

void Channel::publish() {
  session_.note_publishing();
  Exchange& exchange = session_.host().exchange(publishing_.exchange);
  if (exchange.rules().internal)
    throw Refusal(ReplyCode::access_refused, "cannot publish to internal exchange '" + exchange.name() + "'");
  const amqp::PropertiesResult parsed = amqp::parse_properties(content_.properties());
  if (!parsed.fault.empty()) throw Refusal(ReplyCode::syntax_error, std::string(parsed.fault));
  const amqp::Properties& properties = parsed.properties;
  if (properties.user_id && *properties.user_id != session_.user())
    throw Refusal(ReplyCode::precondition_failed, "user_id property set to '" + std::string(*properties.user_id) +
                                                      "' but authenticated user was '" + session_.user() + "'");
  const Publication publication{.exchange = exchange.name(),
                                .routing_key = publishing_.routing_key,
                                .properties = with_reply_queue(properties),
                                .body = content_.body()};
  const PublishOutcome outcome = session_.host().publish(exchange, publication, handling_of(properties),
                                                         properties.headers.value_or(amqp::Table{}));
  ++session_.count().published;
  if (!outcome.routed) ++session_.count().unroutable;
  if (!outcome.routed && publishing_.mandatory) return_to_publisher(publication);
  if (!confirming_) return;
  confirms_.add(outcome.accepted ? Confirms::Verdict::ack : Confirms::Verdict::nack,
                outcome.stored ? session_.shared().store->told() : 0);
  session_.note_confirms();
}

std::string_view Channel::with_reply_queue(const amqp::Properties& properties) {
  if (properties.reply_to != direct_reply_to) return content_.properties();
  if (reply_queue_.empty())
    throw Refusal(ReplyCode::precondition_failed,
                  "reply_to is " + std::string(direct_reply_to) + ", and this channel does not consume from it");
  amqp::Properties rewritten = properties;
  rewritten.reply_to = reply_queue_;
  rewritten_properties_.clear();
  amqp::append_properties(rewritten_properties_, rewritten);
  return rewritten_properties_;
}

void Channel::return_to_publisher(const Publication& publication) {
  send(amqp::BasicReturn{.reply_code = static_cast<std::uint16_t>(ReplyCode::no_route),
                         .reply_text = name_of(ReplyCode::no_route),
                         .exchange = publication.exchange,
                         .routing_key = publication.routing_key});
  amqp::append_content(session_.out(), number_, publication.properties, publication.body, session_.frame_max());
}

// ---- consuming

void Channel::on(const amqp::BasicQos& method) {
  if (method.prefetch_size != 0) throw Refusal(ReplyCode::not_implemented, "prefetch_size; use prefetch_count");
  if (method.global) {
    channel_prefetch_ = method.prefetch_count;
    wake_consumers();
  } else {
    prefetch_ = method.prefetch_count;
  }
  send(amqp::BasicQosOk{});
}

Queue& Channel::queue_to_consume(const amqp::BasicConsume& method) {
  if (method.queue != direct_reply_to) return queue_named(method.queue);
  if (!method.no_ack)
    throw Refusal(ReplyCode::precondition_failed,
                  "replies by " + std::string(direct_reply_to) + " are taken with no-ack");
  if (!reply_queue_.empty())
    throw Refusal(ReplyCode::precondition_failed,
                  "this channel consumes from " + std::string(direct_reply_to) + " already");
  Queue& queue = session_.host().declare_reply_queue(session_.number());
  reply_queue_ = queue.name();
  return queue;
}

void Channel::on(const amqp::BasicConsume& method) {
  const ChannelConsumer::Rules rules{.settling = method.no_ack ? Settling::at_once : Settling::awaited,
                                     .prefetch = prefetch_,
                                     .priority = priority_of(method)};
  Queue& queue = queue_to_consume(method);
  if (queue.has_exclusive_consumer() || (method.exclusive && queue.consumers() > 0))
    throw Refusal(ReplyCode::access_refused,
                  "queue '" + queue.name() + "' has an exclusive consumer, or is to get one");
  std::string tag(method.consumer_tag);
  if (tag.empty()) tag = "amq.ctag-" + session_.shared().random.id();
  if (consumers_.contains(tag)) throw Refusal(ReplyCode::not_allowed, "consumer tag '" + tag + "' is in use");
  auto made = std::make_unique<ChannelConsumer>(*this, tag, queue.shared_from_this(), rules);
  ChannelConsumer& consumer = *made;
  consumers_.emplace(tag, std::move(made));
  answer(method.no_wait, amqp::BasicConsumeOk{.consumer_tag = tag});  // before its first message
  queue.add_consumer(consumer, method.exclusive ? Queue::Sharing::exclusive : Queue::Sharing::shared);
}

void Channel::on(const amqp::BasicCancel& method) {
  if (const auto place = consumers_.find(method.consumer_tag); place != consumers_.end()) {
    const std::unique_ptr<ChannelConsumer> consumer = std::move(place->second);
    if (consumer->queue().name() == reply_queue_) reply_queue_.clear();
    consumers_.erase(place);
    deliveries_.forget(*consumer);
    consumer->queue().remove_consumer(*consumer);
  }
  answer(method.no_wait, amqp::BasicCancelOk{.consumer_tag = method.consumer_tag});
}

void Channel::cancel_from_here(ChannelConsumer& consumer) {
  deliveries_.forget(consumer);
  const auto place = consumers_.find(consumer.tag());
  if (place == consumers_.end()) return;
  if (session_.tells_cancels() && state_ == State::open)
    send(amqp::BasicCancel{.consumer_tag = consumer.tag(), .no_wait = true});
  gone_.push_back(std::move(place->second));
  consumers_.erase(place);
}

void Channel::deliver(ChannelConsumer& consumer, Queue& queue, Entry entry) {
  const Message& message = *entry.message;
  const std::uint64_t tag = deliveries_.next_tag();
  ++session_.count().delivered;
  send(amqp::BasicDeliver{.consumer_tag = consumer.tag(),
                          .delivery_tag = tag,
                          .redelivered = entry.redelivered,
                          .exchange = message.exchange(),
                          .routing_key = message.routing_key()});
  send_content(message);
  let_go(entry);
  if (consumer.settling() == Settling::awaited)
    deliveries_.add({.tag = tag, .queue = queue.shared_from_this(), .consumer = &consumer, .entry = std::move(entry)});
}

// A client may leave any number unacknowledged.
void Channel::let_go(Entry& entry) {
  if (entry.stored && session_.shared().tight()) entry.message = {};
}

void Channel::send_content(const Message& message) {
  amqp::append_content(session_.out(), number_, message.properties(), message.body(), session_.frame_max());
}

void Channel::on(const amqp::BasicGet& method) {
  Queue& queue = queue_named(method.queue);
  auto entry = queue.take(method.no_ack ? Settling::at_once : Settling::awaited);
  if (!entry) return send(amqp::BasicGetEmpty{});
  const Message& message = *entry->message;
  const std::uint64_t tag = deliveries_.next_tag();
  ++session_.count().delivered;
  send(amqp::BasicGetOk{.delivery_tag = tag,
                        .redelivered = entry->redelivered,
                        .exchange = message.exchange(),
                        .routing_key = message.routing_key(),
                        .message_count = static_cast<std::uint32_t>(queue.ready())});
  send_content(message);
  let_go(*entry);
  if (!method.no_ack) deliveries_.add({.tag = tag, .queue = queue.shared_from_this(), .entry = std::move(*entry)});
}

// ---- settling

void Channel::on(const amqp::BasicAck& method) {
  settle(method.delivery_tag, method.multiple ? Deliveries::Reach::up_to : Deliveries::Reach::one, Fate::acknowledged);
}

void Channel::on(const amqp::BasicNack& method) {
  settle(method.delivery_tag, method.multiple ? Deliveries::Reach::up_to : Deliveries::Reach::one,
         method.requeue ? Fate::requeued : Fate::rejected);
}

void Channel::on(const amqp::BasicReject& method) {
  settle(method.delivery_tag, Deliveries::Reach::one, method.requeue ? Fate::requeued : Fate::rejected);
}

void Channel::on(const amqp::BasicRecover& method) {
  if (!method.requeue) refuse_redelivery();
  recover();
  send(amqp::BasicRecoverOk{});
}

void Channel::on(const amqp::BasicRecoverAsync& method) {
  if (!method.requeue) refuse_redelivery();
  recover();
}

void Channel::recover() { settle(deliveries_.take(0, Deliveries::Reach::up_to), Fate::requeued); }

void Channel::settle(std::uint64_t tag, Deliveries::Reach reach, Fate fate) {
  std::vector<Delivery> deliveries = deliveries_.take(tag, reach);
  if (deliveries.empty() && tag != 0)
    throw Refusal(ReplyCode::precondition_failed, "unknown delivery tag " + std::to_string(tag));
  settle(std::move(deliveries), fate);
}

// Only when all are settled something new is delivered: what comes back is then at its old place.
void Channel::settle(std::vector<Delivery> deliveries, Fate fate) {
  std::vector<ChannelConsumer*> freed;
  std::vector<std::shared_ptr<Queue>> refilled;
  for (Delivery& delivery : deliveries) {
    if (delivery.consumer != nullptr) {
      delivery.consumer->settled();
      if (std::find(freed.begin(), freed.end(), delivery.consumer) == freed.end()) freed.push_back(delivery.consumer);
    }
    switch (fate) {
      case Fate::acknowledged:
        ++session_.count().acknowledged;
        delivery.queue->acknowledge(delivery.entry);
        break;
      case Fate::rejected:
        ++session_.count().rejected;
        delivery.queue->reject(std::move(delivery.entry));
        break;
      case Fate::requeued:
        ++session_.count().requeued;
        delivery.queue->put_back(std::move(delivery.entry));
        if (std::find(refilled.begin(), refilled.end(), delivery.queue) == refilled.end())
          refilled.push_back(delivery.queue);
        break;
    }
  }
  if (channel_prefetch_ != 0) {
    wake_consumers();
  } else {
    for (ChannelConsumer* const consumer : freed) consumer->wake();
  }
  for (const auto& queue : refilled) queue->push_on();
}

}  // namespace tutti::broker
