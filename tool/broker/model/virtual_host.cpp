#include "broker/model/virtual_host.hpp"

#include <array>
#include <utility>

#include "broker/model/dead_letter.hpp"

namespace tutti::broker {
namespace {

constexpr std::size_t resident_bytes_of_a_queue = 1024 * 1024;  // of stored messages, while there is memory
constexpr int buried_at_once_max = 256;
constexpr std::chrono::nanoseconds burial_pause = std::chrono::milliseconds(10);  // while the store is behind

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

bool reserved(std::string_view name) noexcept { return name.starts_with("amq."); }

void check_same(std::string_view name, const ExchangeRules& existing, const ExchangeRules& declared) {
  const auto refuse = [&](std::string_view what) {
    throw Refusal(ReplyCode::precondition_failed,
                  "exchange " + quoted(name) + " is there already with another " + std::string(what));
  };
  if (existing.type != declared.type) refuse("type, " + std::string(name_of(existing.type)));
  if (existing.durable != declared.durable) refuse("durable");
  if (existing.auto_delete != declared.auto_delete) refuse("auto_delete");
  if (existing.internal != declared.internal) refuse("internal");
  if (existing.alternate != declared.alternate) refuse("alternate-exchange");
}

}  // namespace

VirtualHost::VirtualHost(std::string name, Shared& shared)
    : name_(std::move(name)),
      shared_(shared),
      burial_([](void* self) noexcept { static_cast<VirtualHost*>(self)->bury_all(); }, this) {
  // Those that every client may count on (AMQP 0-9-1 section 3.1.3); the first is the default one.
  constexpr std::array<std::pair<std::string_view, ExchangeType>, 6> given{{{"", ExchangeType::direct},
                                                                            {"amq.direct", ExchangeType::direct},
                                                                            {"amq.fanout", ExchangeType::fanout},
                                                                            {"amq.topic", ExchangeType::topic},
                                                                            {"amq.headers", ExchangeType::headers},
                                                                            {"amq.match", ExchangeType::headers}}};
  for (const auto& [exchange, type] : given) make_exchange(exchange, {.type = type, .durable = true});
}

VirtualHost::~VirtualHost() {
  for (const auto& [name, queue] : queues_) queue->detach();
}

// ---- exchanges

void VirtualHost::declare_exchange(std::string_view name, const ExchangeRules& rules) {
  if (name.empty()) throw Refusal(ReplyCode::access_refused, "the default exchange cannot be declared");
  if (const auto place = exchanges_.find(name); place != exchanges_.end())
    return check_same(name, place->second->rules(), rules);
  if (reserved(name)) throw Refusal(ReplyCode::access_refused, quoted(name) + ": names with amq. are reserved");
  make_exchange(name, rules);
  if (rules.durable && shared_.store != nullptr) shared_.store->exchange_made(name_, exchange(name));
}

void VirtualHost::make_exchange(std::string_view name, const ExchangeRules& rules) {
  exchanges_.emplace(name, std::make_unique<Exchange>(std::string(name), rules, shared_.next_number++));
}

Exchange& VirtualHost::exchange(std::string_view name) {
  const auto place = exchanges_.find(name);
  if (place == exchanges_.end())
    throw Refusal(ReplyCode::not_found, "no exchange " + quoted(name) + " in vhost " + quoted(name_));
  return *place->second;
}

void VirtualHost::delete_exchange(std::string_view name, If when) {
  if (name.empty() || reserved(name)) throw Refusal(ReplyCode::access_refused, quoted(name) + " cannot be deleted");
  const auto place = exchanges_.find(name);
  if (place == exchanges_.end()) return;  // as RabbitMQ: deleting is done when it is gone
  if (when == If::unused && place->second->has_bindings())
    throw Refusal(ReplyCode::precondition_failed,
                  "exchange " + quoted(name) + " in vhost " + quoted(name_) + " in use");
  erase_exchange(*place->second);
}

void VirtualHost::erase_exchange(Exchange& exchange) {
  if (exchange.rules().durable && shared_.store != nullptr) shared_.store->exchange_removed(name_, exchange);
  unbind_everywhere(exchange.as_destination());
  exchanges_.erase(exchange.name());
}

// ---- queues

std::string VirtualHost::new_queue_name() { return "amq.gen-" + shared_.random.id(); }

Queue& VirtualHost::declare_queue(std::string_view name, const QueueRules& rules, std::uint64_t connection) {
  if (!name.empty() && queues_.contains(name)) {
    Queue& existing = queue(name, connection);
    if (const std::string what = difference(existing.rules(), rules); !what.empty())
      throw Refusal(ReplyCode::precondition_failed, "inequivalent arg '" + what + "' for queue " + quoted(name) +
                                                        " in vhost " + quoted(name_) +
                                                        ": it is there already with another value");
    existing.used();
    return existing;
  }
  if (reserved(name)) throw Refusal(ReplyCode::access_refused, quoted(name) + ": names with amq. are reserved");
  Queue& queue = make_queue(name.empty() ? new_queue_name() : std::string(name), rules, shared_.next_number++,
                            rules.exclusive ? connection : 0);
  if (rules.durable && !rules.exclusive && shared_.store != nullptr) shared_.store->queue_made(name_, queue);
  return queue;
}

Queue& VirtualHost::declare_reply_queue(std::uint64_t connection) {
  return make_queue(std::string(direct_reply_to) + "." + shared_.random.id(), {.exclusive = true, .auto_delete = true},
                    shared_.next_number++, connection);
}

Queue& VirtualHost::restore_queue(const std::string& name, const QueueRules& rules, std::uint64_t number) {
  return make_queue(name, rules, number, 0);
}

Queue& VirtualHost::make_queue(std::string name, const QueueRules& rules, std::uint64_t number,
                               std::uint64_t connection) {
  auto made = std::make_shared<Queue>(static_cast<QueueOwner&>(*this), name, rules, number, connection);
  Queue& queue = *made;
  queues_.emplace(std::move(name), std::move(made));
  return queue;
}

Queue& VirtualHost::queue(std::string_view name, std::uint64_t connection) {
  const auto place = queues_.find(name);
  if (place == queues_.end())
    throw Refusal(ReplyCode::not_found, "no queue " + quoted(name) + " in vhost " + quoted(name_));
  Queue& queue = *place->second;
  if (queue.connection() != 0 && queue.connection() != connection)
    throw Refusal(ReplyCode::resource_locked,
                  "queue " + quoted(name) + " in vhost " + quoted(name_) + " is exclusive to another connection");
  return queue;
}

std::size_t VirtualHost::delete_queue(std::string_view name, std::uint64_t connection, const DeleteRules& rules) {
  if (!queues_.contains(name)) return 0;
  Queue& gone = queue(name, connection);
  if (rules.if_unused && gone.consumers() > 0)
    throw Refusal(ReplyCode::precondition_failed, "queue " + quoted(name) + " in vhost " + quoted(name_) + " in use");
  if (rules.if_empty && gone.ready() > 0)
    throw Refusal(ReplyCode::precondition_failed,
                  "queue " + quoted(name) + " in vhost " + quoted(name_) + " not empty");
  const std::size_t messages = gone.ready();
  erase_queue(gone);
  return messages;
}

void VirtualHost::delete_exclusive_queues(std::uint64_t connection) {
  std::vector<Queue*> gone;
  for (const auto& [name, queue] : queues_)
    if (queue->connection() == connection) gone.push_back(queue.get());
  for (Queue* const queue : gone) erase_queue(*queue);
}

void VirtualHost::erase_queue(Queue& queue) {
  (void)queue.purge();
  if (durable(queue.as_destination()) && shared_.store != nullptr) shared_.store->queue_removed(name_, queue);
  unbind_everywhere(queue.as_destination());
  const auto place = queues_.find(queue.name());
  const std::shared_ptr<Queue> kept = std::move(place->second);
  queues_.erase(place);
  kept->detach();
}

// ---- bindings

bool VirtualHost::durable(const Destination& destination) noexcept {
  if (destination.exchange != nullptr) return destination.exchange->rules().durable;
  return destination.queue->rules().durable && !destination.queue->rules().exclusive;
}

void VirtualHost::bind(std::string_view source, Destination destination, std::string_view key,
                       std::string_view arguments) {
  Exchange& from = exchange(source);
  if (source.empty() || (destination.exchange != nullptr && destination.exchange->name().empty()))
    throw Refusal(ReplyCode::access_refused, "the default exchange has its own bindings");
  const Binding binding{.destination = destination, .key = std::string(key), .arguments = std::string(arguments)};
  const bool made = from.bind(binding);
  if (made && from.rules().durable && durable(destination) && shared_.store != nullptr)
    shared_.store->bound(name_, from, binding);
}

void VirtualHost::unbind(std::string_view source, Destination destination, std::string_view key,
                         std::string_view arguments) {
  Exchange& from = exchange(source);
  if (source.empty()) throw Refusal(ReplyCode::access_refused, "the default exchange has its own bindings");
  const Binding binding{.destination = destination, .key = std::string(key), .arguments = std::string(arguments)};
  if (!from.unbind(binding)) return;  // as RabbitMQ: unbinding is done when it is gone
  if (from.rules().durable && durable(destination) && shared_.store != nullptr)
    shared_.store->unbound(name_, from, binding);
  if (from.rules().auto_delete && !from.has_bindings()) erase_exchange(from);
}

// A destination that goes takes its bindings along; an auto-delete exchange that had only these goes too.
void VirtualHost::unbind_everywhere(const Destination& destination) {
  std::vector<Exchange*> emptied;
  for (const auto& [name, exchange] : exchanges_) {
    if (!exchange->has_bindings()) continue;
    exchange->unbind_all(destination);
    if (exchange->rules().auto_delete && !exchange->has_bindings()) emptied.push_back(exchange.get());
  }
  for (Exchange* const exchange : emptied) {
    if (exchange != destination.exchange) erase_exchange(*exchange);
  }
}

void VirtualHost::tell_topology(Store& store) const {
  for (const auto& [name, exchange] : exchanges_)
    if (exchange->rules().durable && !name.empty() && !reserved(name)) store.exchange_made(name_, *exchange);
  for (const auto& [name, queue] : queues_)
    if (durable(queue->as_destination())) store.queue_made(name_, *queue);
  for (const auto& [name, exchange] : exchanges_) {
    if (!exchange->rules().durable) continue;
    exchange->for_each_binding([&](const Binding& binding) {
      if (durable(binding.destination)) store.bound(name_, *exchange, binding);
    });
  }
}

// ---- messages

// The queues that a message goes to, each once.
void VirtualHost::collect(Exchange& exchange, std::string_view key, wire::amqp::Table headers) {
  if (std::exchange(exchange.visited, routing_) == routing_) return;
  std::vector<const Binding*> matching;
  exchange.match(key, headers, matching);
  for (const Binding* const binding : matching) {
    const Destination& to = binding->destination;
    if (to.exchange != nullptr) {
      collect(*to.exchange, key, headers);
    } else if (std::exchange(to.queue->routed, routing_) != routing_) {
      routed_.push_back(to.queue);
    }
  }
  if (!matching.empty() || exchange.rules().alternate.empty()) return;
  if (const auto place = exchanges_.find(exchange.rules().alternate); place != exchanges_.end())
    collect(*place->second, key, headers);
}

PublishOutcome VirtualHost::publish(Exchange& exchange, const Publication& publication, const Handling& handling,
                                    wire::amqp::Table headers) {
  ++routing_;
  routed_.clear();
  if (exchange.name().empty()) {  // the default exchange: the queue of that name
    if (const auto place = queues_.find(publication.routing_key); place != queues_.end())
      routed_.push_back(place->second.get());
  } else {
    collect(exchange, publication.routing_key, headers);
  }
  return deliver(publication, handling);
}

PublishOutcome VirtualHost::deliver(const Publication& publication, const Handling& handling) {
  PublishOutcome outcome;
  if (routed_.empty()) return outcome;
  outcome.routed = true;
  const MessageRef message = Message::make(publication, handling, shared_.account);
  for (const Queue* const queue : routed_) outcome.accepted = outcome.accepted && queue->accepts(*message);
  if (!outcome.accepted) return outcome;
  const std::uint64_t number = shared_.next_number++;
  stored_in_.clear();
  if (handling.persistent && shared_.store != nullptr) {
    for (Queue* const queue : routed_)
      if (durable(queue->as_destination())) stored_in_.push_back(queue);
  }
  outcome.stored = !stored_in_.empty();
  if (outcome.stored) shared_.store->published(name_, number, message, stored_in_);
  for (Queue* const queue : routed_) queue->push(message, number, outcome.stored && durable(queue->as_destination()));
  return outcome;
}

// ---- what queues leave to their host

void VirtualHost::settled(Queue& queue, const Entry& entry) {
  if (entry.stored && shared_.store != nullptr) shared_.store->settled(queue, entry.number);
}

MessageRef VirtualHost::load(const Entry& entry) {
  return shared_.store != nullptr ? shared_.store->load(entry.number, shared_.account) : MessageRef();
}

std::size_t VirtualHost::resident_bytes_max() const { return shared_.tight() ? 0 : resident_bytes_of_a_queue; }

void VirtualHost::dead(Queue& queue, Entry entry, DeadReason reason) {
  if (!queue.rules().dead_letter_exchange) return settled(queue, entry);
  dead_.push_back({queue.shared_from_this(), std::move(entry), reason});
  burial_.arm(shared_.timers, now());
}

// Not at once, as the queue is in the middle of something, and the way may lead back to it. Some at a time, as they may
// be a whole queue.
void VirtualHost::bury_all() {
  for (int count = 0; count < buried_at_once_max && !dead_.empty(); ++count) {
    Dead dead = std::move(dead_.front());
    dead_.pop_front();
    if (bury(dead)) settled(*dead.queue, dead.entry);  // behind the copy: a crash between them makes two, never none
  }
  if (dead_.empty()) return;
  const bool behind = shared_.store != nullptr && shared_.store->behind();
  burial_.arm(shared_.timers, now() + (behind ? burial_pause : std::chrono::nanoseconds(0)));
}

// False: it cannot be read, and stays where it is.
bool VirtualHost::bury(Dead& dead) {
  const QueueRules& rules = dead.queue->rules();
  const auto exchange = exchanges_.find(*rules.dead_letter_exchange);
  if (exchange == exchanges_.end()) return true;  // as RabbitMQ: without the exchange it is gone
  if (!dead.entry.message) dead.entry.message = load(dead.entry);
  if (!dead.entry.message) return false;
  const Message& message = *dead.entry.message;
  if (goes_round(message, dead.queue->name(), dead.reason)) return true;
  const DeadLetter letter = dead_letter(message, dead.queue->name(), dead.reason, shared_.wall_now());
  const std::string key = rules.dead_letter_key.value_or(std::string(message.routing_key()));
  publish(*exchange->second,
          {.exchange = exchange->first, .routing_key = key, .properties = letter.properties, .body = message.body()},
          letter.handling, {letter.headers});
  return true;
}

void VirtualHost::push_on() {
  for (const auto& [name, queue] : queues_) queue->push_on();
}

void VirtualHost::unused(Queue& queue) { erase_queue(queue); }

}  // namespace tutti::broker
