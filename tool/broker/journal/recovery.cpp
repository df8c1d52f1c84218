#include "broker/journal/recovery.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "broker/model/handling.hpp"
#include "wire/amqp/content.hpp"

namespace tutti::broker::journal {
namespace {

RecoveredBinding binding_of(const BindingMade& record) {
  return {.host = std::string(record.host),
          .source = std::string(record.source),
          .queue = record.queue,
          .exchange = std::string(record.exchange),
          .key = std::string(record.key),
          .arguments = std::string(record.arguments)};
}

}  // namespace

Recovered::Recovered(world::Files& files, const std::string& folder, Account& account) : account_(account) {
  walked_ = walk(files, folder, [this](std::uint64_t file, const Record& record) { take(file, record); });
  forget_lost_queues();
}

void Recovered::take(std::uint64_t file, const Record& record) {
  file_ = file;
  std::visit([this](const auto& one) { take(one); }, record);
}

void Recovered::take(const ExchangeMade& record) {
  exchanges_.insert_or_assign({std::string(record.host), std::string(record.name)},
                              ExchangeRules{.type = static_cast<ExchangeType>(record.type),
                                            .durable = true,
                                            .auto_delete = record.auto_delete,
                                            .internal = record.internal,
                                            .alternate = std::string(record.alternate)});
}

void Recovered::take(const ExchangeRemoved& record) {
  exchanges_.erase({std::string(record.host), std::string(record.name)});
  std::erase_if(bindings_, [&](const RecoveredBinding& binding) {
    return binding.host == record.host &&
           (binding.source == record.name || (binding.queue == 0 && binding.exchange == record.name));
  });
}

void Recovered::take(const QueueMade& record) {
  highest_ = std::max(highest_, record.number);
  queues_.insert_or_assign(record.number, RecoveredQueue{.host = std::string(record.host),
                                                         .name = std::string(record.name),
                                                         .auto_delete = record.auto_delete,
                                                         .arguments = std::string(record.arguments)});
}

void Recovered::take(const QueueRemoved& record) {
  queues_.erase(record.number);
  std::erase_if(bindings_, [&](const RecoveredBinding& binding) { return binding.queue == record.number; });
}

void Recovered::take(const BindingMade& record) { bindings_.insert(binding_of(record)); }
void Recovered::take(const BindingRemoved& record) { bindings_.erase(binding_of(record)); }

// A later record for a number replaces an earlier one: it was moved to the end of the journal.
void Recovered::take(const Published& record) {
  highest_ = std::max(highest_, record.number);
  const Handling handling = handling_of(wire::amqp::parse_properties(record.properties).properties);
  messages_.insert_or_assign(record.number,
                             RecoveredMessage{.host = std::string(record.host),
                                              .message = Message::make({.exchange = record.exchange,
                                                                        .routing_key = record.routing_key,
                                                                        .properties = record.properties,
                                                                        .body = record.body},
                                                                       handling, account_),
                                              .at = record.at,
                                              .queues = record.queues,
                                              .file = file_});
}

void Recovered::take(const Settled& record) {
  const auto place = messages_.find(record.number);
  if (place == messages_.end()) return;  // its record went with an older file
  std::erase(place->second.queues, record.queue);
  if (place->second.queues.empty()) messages_.erase(place);
}

void Recovered::forget_lost_queues() {
  for (auto at = messages_.begin(); at != messages_.end();) {
    std::erase_if(at->second.queues, [this](std::uint64_t queue) { return !queues_.contains(queue); });
    at = at->second.queues.empty() ? messages_.erase(at) : std::next(at);
  }
}

std::vector<std::string> Recovered::hosts() const {
  std::set<std::string> names;
  for (const auto& [key, rules] : exchanges_) names.insert(key.first);
  for (const auto& [number, queue] : queues_) names.insert(queue.host);
  return {names.begin(), names.end()};
}

void Recovered::restore(VirtualHost& host, Time wall_now) const {
  for (const auto& [key, rules] : exchanges_)
    if (key.first == host.name()) host.declare_exchange(key.second, rules);
  std::map<std::uint64_t, Queue*> made;
  for (const auto& [number, queue] : queues_) {
    if (queue.host != host.name()) continue;
    QueueRules rules{.durable = true, .auto_delete = queue.auto_delete};
    read_arguments({queue.arguments}, rules);
    made.emplace(number, &host.restore_queue(queue.name, rules, number));
  }
  for (const RecoveredBinding& binding : bindings_) {
    if (binding.host != host.name()) continue;
    const Destination destination = binding.queue != 0 ? made.at(binding.queue)->as_destination()
                                                       : host.exchange(binding.exchange).as_destination();
    host.bind(binding.source, destination, binding.key, binding.arguments);
  }
  for (const auto& [number, message] : messages_) {
    if (message.host != host.name()) continue;
    const auto age = std::max(std::chrono::nanoseconds(0), wall_now - message.at);
    for (const std::uint64_t queue : message.queues) made.at(queue)->restore(message.message, number, age);
  }
  for (const auto& [number, queue] : made) queue->push_on();
}

}  // namespace tutti::broker::journal
