// What a client does with exchanges, queues and bindings.
#include <utility>

#include "broker/session/channel_send.hpp"

namespace tutti::broker {

namespace amqp = wire::amqp;

namespace {

ExchangeRules rules_of(const amqp::ExchangeDeclare& method) {
  const auto type = exchange_type_of(method.type);
  if (!type) throw Refusal(ReplyCode::command_invalid, "unknown exchange type '" + std::string(method.type) + "'");
  ExchangeRules rules{
      .type = *type, .durable = method.durable, .auto_delete = method.auto_delete, .internal = method.internal};
  if (const auto alternate = amqp::find(method.arguments, "alternate-exchange")) {
    if (!alternate->text())
      throw Refusal(ReplyCode::precondition_failed, "invalid argument 'alternate-exchange'; expected a text");
    rules.alternate = *alternate->text();
  }
  return rules;
}

}  // namespace

void Channel::on(const amqp::ExchangeDeclare& method) {
  if (method.passive) {
    (void)session_.host().exchange(method.exchange);
  } else {
    session_.host().declare_exchange(method.exchange, rules_of(method));
  }
  answer(method.no_wait, amqp::ExchangeDeclareOk{});
}

void Channel::on(const amqp::ExchangeDelete& method) {
  session_.host().delete_exchange(method.exchange,
                                  method.if_unused ? VirtualHost::If::unused : VirtualHost::If::always);
  answer(method.no_wait, amqp::ExchangeDeleteOk{});
}

void Channel::on(const amqp::ExchangeBind& method) {
  VirtualHost& host = session_.host();
  host.bind(method.source, host.exchange(method.destination).as_destination(), method.routing_key,
            method.arguments.bytes);
  answer(method.no_wait, amqp::ExchangeBindOk{});
}

void Channel::on(const amqp::ExchangeUnbind& method) {
  VirtualHost& host = session_.host();
  host.unbind(method.source, host.exchange(method.destination).as_destination(), method.routing_key,
              method.arguments.bytes);
  answer(method.no_wait, amqp::ExchangeUnbindOk{});
}

Queue& Channel::queue_named(std::string_view name) {
  if (name.empty() && last_queue_.empty())
    throw Refusal(ReplyCode::not_found, "no queue was declared on this channel, and none is named");
  return session_.host().queue(name.empty() ? last_queue_ : name, session_.number());
}

void Channel::on(const amqp::QueueDeclare& method) {
  VirtualHost& host = session_.host();
  Queue* queue = nullptr;
  if (method.passive) {
    queue = &queue_named(method.queue);
  } else {
    QueueRules rules{.durable = method.durable, .exclusive = method.exclusive, .auto_delete = method.auto_delete};
    read_arguments(method.arguments, rules);
    queue = &host.declare_queue(method.queue, rules, session_.number());
  }
  last_queue_ = queue->name();
  answer(method.no_wait, amqp::QueueDeclareOk{.queue = queue->name(),
                                              .message_count = static_cast<std::uint32_t>(queue->ready()),
                                              .consumer_count = static_cast<std::uint32_t>(queue->consumers())});
}

void Channel::on(const amqp::QueueBind& method) {
  const std::string_view key =
      method.queue.empty() && method.routing_key.empty() ? std::string_view(last_queue_) : method.routing_key;
  session_.host().bind(method.exchange, queue_named(method.queue).as_destination(), key, method.arguments.bytes);
  answer(method.no_wait, amqp::QueueBindOk{});
}

void Channel::on(const amqp::QueueUnbind& method) {
  session_.host().unbind(method.exchange, queue_named(method.queue).as_destination(), method.routing_key,
                         method.arguments.bytes);
  answer(false, amqp::QueueUnbindOk{});
}

void Channel::on(const amqp::QueuePurge& method) {
  const std::size_t purged = queue_named(method.queue).purge();
  answer(method.no_wait, amqp::QueuePurgeOk{.message_count = static_cast<std::uint32_t>(purged)});
}

void Channel::on(const amqp::QueueDelete& method) {
  const std::size_t messages =
      session_.host().delete_queue(method.queue.empty() ? std::string_view(last_queue_) : method.queue,
                                   session_.number(), {.if_unused = method.if_unused, .if_empty = method.if_empty});
  answer(method.no_wait, amqp::QueueDeleteOk{.message_count = static_cast<std::uint32_t>(messages)});
}

}  // namespace tutti::broker
