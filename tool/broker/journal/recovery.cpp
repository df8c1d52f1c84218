#include "broker/journal/recovery.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace tutti::broker::journal {
namespace {

constexpr std::size_t drop_settled_min = 100'000;  // entries; fewer are not worth it before the end

RecoveredBinding binding_of(const BindingMade& record) {
  return {.host = std::string(record.host),
          .source = std::string(record.source),
          .queue = record.queue,
          .exchange = std::string(record.exchange),
          .key = std::string(record.key),
          .arguments = std::string(record.arguments)};
}

}  // namespace

Recovered::Recovered(world::Files& files, const std::string& folder) : drop_at_(drop_settled_min) {
  walked_ = walk(files, folder, [this](const RecordPlace& place, const Record& record) { take_all(place, record); });
  drop_settled();
  forget_lost_queues();
}

void Recovered::take_all(const RecordPlace& place, const Record& record) {
  if (const auto* message = std::get_if<Placed>(&record)) return take_message(place, *message);
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
void Recovered::take_message(const RecordPlace& place, const Placed& record) {
  highest_ = std::max(highest_, record.number);
  if (record.queues.empty()) return;
  const bool moved = places_.find(record.number) != nullptr;
  places_.put(record.number, record.queues,
              {.span = static_cast<std::uint32_t>(place.file),
               .offset = static_cast<std::uint32_t>(place.offset),
               .bytes = static_cast<std::uint32_t>(place.bytes)});
  if (moved) return;
  const RecoveredEntry entry{.number = record.number,
                             .at = record.at,
                             .body_bytes = static_cast<std::uint32_t>(record.body_bytes),
                             .expiration_ms = static_cast<std::uint32_t>(record.expiration_ms),
                             .expires = record.expires,
                             .priority = record.priority};
  for (const std::uint64_t queue : record.queues) entries_[queue].push_back(entry);
  entries_count_ += record.queues.size();
  if (entries_count_ >= drop_at_) drop_settled();
}

void Recovered::take(const Settled& record) {
  (void)places_.settle(record.number, record.queue);  // its record may have gone with an older file
}

// In the order of their numbers, each once.
void Recovered::drop_settled() {
  entries_count_ = 0;
  for (auto& [queue, entries] : entries_) {
    std::erase_if(entries, [&](const RecoveredEntry& entry) { return !places_.has(entry.number, queue); });
    const auto before = [](const RecoveredEntry& a, const RecoveredEntry& b) { return a.number < b.number; };
    if (!std::is_sorted(entries.begin(), entries.end(), before)) std::sort(entries.begin(), entries.end(), before);
    const auto same = [](const RecoveredEntry& a, const RecoveredEntry& b) { return a.number == b.number; };
    entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
    entries_count_ += entries.size();
  }
  drop_at_ = std::max(drop_settled_min, 2 * entries_count_);
}

void Recovered::forget_lost_queues() {
  for (auto& [queue, entries] : entries_) {
    if (queues_.contains(queue)) continue;
    for (const RecoveredEntry& entry : entries) (void)places_.settle(entry.number, queue);
    entries.clear();
  }
}

std::vector<std::string> Recovered::hosts() const {
  std::set<std::string> names;
  for (const auto& [key, rules] : exchanges_) names.insert(key.first);
  for (const auto& [number, queue] : queues_) names.insert(queue.host);
  return {names.begin(), names.end()};
}

void Recovered::restore(VirtualHost& host, Time wall_now) {
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
  for (const auto& [number, queue] : made) restore_messages(*queue, wall_now);
}

void Recovered::restore_messages(Queue& queue, Time wall_now) {
  std::deque<RecoveredEntry>& entries = entries_[queue.number()];
  for (; !entries.empty(); entries.pop_front()) {
    const RecoveredEntry& entry = entries.front();
    std::optional<std::chrono::milliseconds> expiration;
    if (entry.expires) expiration = std::chrono::milliseconds(entry.expiration_ms);
    queue.restore({.number = entry.number,
                   .body_bytes = entry.body_bytes,
                   .priority = entry.priority,
                   .expiration = expiration,
                   .age = std::max(std::chrono::nanoseconds(0), wall_now - entry.at)});
  }
}

}  // namespace tutti::broker::journal
