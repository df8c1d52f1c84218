#include "broker/model/queue.hpp"

#include <algorithm>
#include <utility>

namespace tutti::broker {
namespace {

constexpr std::size_t read_ahead_max = 256;  // messages that come into memory at once
constexpr std::size_t read_ahead_bytes_max = 256 * 1024;

}  // namespace

Queue::Queue(QueueOwner& owner, std::string name, const QueueRules& rules, std::uint64_t number,
             std::uint64_t connection)
    : owner_(owner),
      name_(std::move(name)),
      rules_(rules),
      number_(number),
      connection_(connection),
      levels_(std::size_t{rules.priority_max} + 1),
      expiry_([](void* self) noexcept { static_cast<Queue*>(self)->dispatch(); }, this),
      unused_(
          [](void* self) noexcept {
            auto* const queue = static_cast<Queue*>(self);
            queue->owner_.unused(*queue);
          },
          this) {
  arm_unused();
}

bool Queue::over_limits(std::size_t more_messages, std::size_t more_bytes) const noexcept {
  return (rules_.length_max && ready_ + more_messages > *rules_.length_max) ||
         (rules_.bytes_max && ready_bytes_ + more_bytes > *rules_.bytes_max);
}

bool Queue::accepts(const Message& message) const noexcept {
  return rules_.overflow == Overflow::drop_head || !over_limits(1, message.body().size());
}

Instant Queue::expiry_of(const std::optional<std::chrono::milliseconds>& own) const {
  const auto& all = rules_.message_ttl;
  if (!own && !all) return Instant::never();
  return owner_.now() + (own && all ? std::min(*own, *all) : own.value_or(all.value_or(std::chrono::milliseconds(0))));
}

void Queue::push(MessageRef message, std::uint64_t number, bool stored) {
  Entry entry;
  entry.number = number;
  entry.expires = expiry_of(message->handling().expiration);
  entry.body_bytes = static_cast<std::uint32_t>(message->body().size());
  entry.priority = std::min(message->handling().priority, rules_.priority_max);
  entry.stored = stored;
  entry.message = std::move(message);
  Level& level = levels_[entry.priority];
  insert(std::move(entry));
  dispatch();
  if (!level.empty() && level.back().number == number) let_go(level.back());
  drop_over_limits();
}

void Queue::restore(const Restored& message) {
  Entry entry;
  entry.number = message.number;
  entry.expires = expiry_of(message.expiration);
  if (entry.expires != Instant::never()) entry.expires.since_start -= message.age;
  entry.body_bytes = message.body_bytes;
  entry.priority = std::min(message.priority, rules_.priority_max);
  entry.stored = true;
  entry.redelivered = true;
  insert(std::move(entry));
}

void Queue::insert(Entry entry) {
  ++ready_;
  ready_bytes_ += entry.body_bytes;
  if (entry.message) resident_bytes_ += entry.body_bytes;
  Level& level = levels_[entry.priority];
  if (level.empty() || level.back().number < entry.number) {
    level.push_back(std::move(entry));
  } else if (entry.number < level.front().number) {
    level.push_front(std::move(entry));
  } else {
    const auto place = std::lower_bound(level.begin(), level.end(), entry.number,
                                        [](const Entry& a, std::uint64_t number) { return a.number < number; });
    level.insert(place, std::move(entry));
  }
}

// The content of one that waits behind enough others: it comes back when it gets to the head.
void Queue::let_go(Entry& entry) noexcept {
  if (!entry.stored || !entry.message || resident_bytes_ <= owner_.resident_bytes_max()) return;
  resident_bytes_ -= entry.body_bytes;
  entry.message = {};
}

void Queue::load(Entry& entry) {
  entry.message = owner_.load(entry);
  if (entry.message) resident_bytes_ += entry.body_bytes;
}

// The first one's content, and of some behind it while one read serves them all. False: it cannot be read, and has left
// the queue without being settled; after the next start it is tried again.
bool Queue::bring_in(Level& level) {
  if (level.front().message) return true;
  load(level.front());
  if (!level.front().message) {
    (void)pop(level);
    return false;
  }
  const std::size_t ahead = std::min(level.size(), read_ahead_max);
  const std::size_t bytes_max = std::min(owner_.resident_bytes_max(), read_ahead_bytes_max);
  std::size_t bytes = level.front().body_bytes;
  for (std::size_t i = 1; i < ahead; ++i) {
    Entry& entry = level[i];
    bytes += entry.body_bytes;
    if (entry.message || bytes > bytes_max) break;
    load(entry);
    if (!entry.message) break;
  }
  return true;
}

// The level whose first message is the next one, and is in memory.
Queue::Level* Queue::first_readable() {
  Level* level = first_level();
  while (level != nullptr && !bring_in(*level)) level = first_level();
  return level;
}

Queue::Level* Queue::first_level() {
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level)
    if (!level->empty()) return &*level;
  return nullptr;
}

Entry Queue::pop(Level& level) {
  Entry entry = std::move(level.front());
  level.pop_front();
  --ready_;
  ready_bytes_ -= entry.body_bytes;
  if (entry.message) resident_bytes_ -= entry.body_bytes;
  return entry;
}

// Only those at the head: one that waits behind others is looked at when it gets there.
void Queue::drop_expired() {
  const Instant now = owner_.now();
  for (Level& level : levels_) {
    while (!level.empty() && level.front().expires <= now) owner_.dead(*this, pop(level), DeadReason::expired);
  }
}

void Queue::arm_expiry() {
  Instant first = Instant::never();
  for (const Level& level : levels_)
    if (!level.empty()) first = std::min(first, level.front().expires);
  if (first == Instant::never())
    expiry_.cancel();
  else
    expiry_.arm(owner_.timers(), first);
}

// Messages that nobody waits for; what was just delivered does not count.
void Queue::drop_over_limits() {
  while (ready_ > 0 && over_limits(0, 0)) owner_.dead(*this, pop(*first_level()), DeadReason::maxlen);
}

Consumer* Queue::next_consumer() {
  if (rules_.single_active) {
    Consumer* const active = consumers_.empty() ? nullptr : consumers_.front();
    return active != nullptr && active->can_take() ? active : nullptr;
  }
  while (!waiting_.empty()) {
    Consumer* const consumer = waiting_.front();
    waiting_.pop_front();
    consumer->waiting_ = false;
    if (consumer->can_take()) return consumer;  // who cannot wakes the queue by itself
  }
  return nullptr;
}

void Queue::dispatch() {
  drop_expired();
  while (ready_ > 0 && !detached_) {
    Consumer* const consumer = next_consumer();
    if (consumer == nullptr) break;
    list(*consumer);
    Level* const level = first_readable();
    if (level == nullptr) break;
    Entry entry = pop(*level);
    if (consumer->settling() == Settling::at_once)
      owner_.settled(*this, entry);
    else
      ++unacked_;
    consumer->deliver(*this, std::move(entry));
    drop_expired();
  }
  arm_expiry();
}

void Queue::list(Consumer& consumer) {
  if (rules_.single_active || std::exchange(consumer.waiting_, true)) return;
  const auto place =
      std::upper_bound(waiting_.begin(), waiting_.end(), consumer.priority(),
                       [](std::int64_t priority, const Consumer* other) { return priority > other->priority(); });
  waiting_.insert(place, &consumer);
}

void Queue::add_consumer(Consumer& consumer, Sharing sharing) {
  consumers_.push_back(&consumer);
  if (sharing == Sharing::exclusive) exclusive_consumer_ = true;
  unused_.cancel();
  wake(consumer);
}

void Queue::remove_consumer(Consumer& consumer) {
  std::erase(consumers_, &consumer);
  std::erase(waiting_, &consumer);
  consumer.waiting_ = false;
  if (consumers_.empty()) exclusive_consumer_ = false;
  if (detached_) return;
  if (!consumers_.empty()) return dispatch();  // another one may be the active one now
  if (rules_.auto_delete) return owner_.unused(*this);
  arm_unused();
}

void Queue::wake(Consumer& consumer) {
  list(consumer);
  dispatch();
}

std::optional<Entry> Queue::take(Settling settling) {
  used();
  drop_expired();
  Level* const level = first_readable();
  if (level == nullptr) return std::nullopt;
  Entry entry = pop(*level);
  if (settling == Settling::at_once)
    owner_.settled(*this, entry);
  else
    ++unacked_;
  arm_expiry();
  return entry;
}

void Queue::acknowledge(const Entry& entry) {
  --unacked_;
  owner_.settled(*this, entry);
}

void Queue::reject(Entry entry) {
  --unacked_;
  if (detached_) return owner_.settled(*this, entry);
  owner_.dead(*this, std::move(entry), DeadReason::rejected);
}

void Queue::put_back(Entry entry) {
  --unacked_;
  if (detached_) return owner_.settled(*this, entry);
  entry.redelivered = true;
  if (entry.stored && resident_bytes_ > owner_.resident_bytes_max()) entry.message = {};
  insert(std::move(entry));
}

std::size_t Queue::purge() {
  const std::size_t purged = ready_;
  for (Level& level : levels_) {
    while (!level.empty()) owner_.settled(*this, pop(level));
  }
  arm_expiry();
  return purged;
}

void Queue::used() {
  if (consumers_.empty()) arm_unused();
}

void Queue::arm_unused() {
  if (rules_.expires) unused_.arm(owner_.timers(), owner_.now() + *rules_.expires);
}

void Queue::detach() {
  detached_ = true;
  expiry_.cancel();
  unused_.cancel();
  waiting_.clear();
  for (Consumer* const consumer : std::exchange(consumers_, {})) {
    consumer->waiting_ = false;
    consumer->queue_deleted();
  }
}

}  // namespace tutti::broker
