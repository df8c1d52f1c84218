// A queue: messages that wait, in order, and consumers that take them. It decides who gets what; what a delivery looks
// like and when a consumer has enough is the consumer's matter. Of a long queue most messages are in the store only,
// and come into memory a few at a time when they get to its head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tutti/clock.hpp>

#include "broker/model/exchange.hpp"
#include "broker/model/message.hpp"
#include "broker/model/queue_rules.hpp"
#include "runtime/timers.hpp"

namespace tutti::broker {

class Queue;

// A message's place in one queue.
struct Entry {
  MessageRef message;        // null: it is in the store only
  std::uint64_t number = 0;  // grows with each message published: the order, also of what comes back
  Instant expires = Instant::never();
  std::uint32_t body_bytes = 0;
  std::uint8_t priority = 0;  // of the queue's own levels
  bool redelivered = false;
  bool stored = false;  // the journal knows it and must be told what becomes of it
};

// A message as the store has it after a start.
struct Restored {
  std::uint64_t number = 0;
  std::uint32_t body_bytes = 0;
  std::uint8_t priority = 0;
  std::optional<std::chrono::milliseconds> expiration = {};
  std::chrono::nanoseconds age = {};  // since it was published
};

enum class Settling : std::uint8_t { awaited, at_once };  // at_once: delivering is acknowledging (no-ack)

class Consumer {
 public:
  // Whether it takes another one now. Who answered no calls Queue::wake() when it changes.
  [[nodiscard]] virtual bool can_take() const = 0;
  // Not back into the queue from here.
  virtual void deliver(Queue& queue, Entry entry) = 0;
  virtual void queue_deleted() = 0;  // it consumes no more
  [[nodiscard]] virtual Settling settling() const = 0;
  // Those of a lower one get messages only while none of a higher one takes them. It does not change.
  [[nodiscard]] virtual std::int64_t priority() const = 0;

 protected:
  ~Consumer() = default;

 private:
  friend class Queue;
  bool waiting_ = false;  // in the queue's list of those that may take one
};

enum class DeadReason : std::uint8_t { rejected, expired, maxlen };

// What a queue leaves to its virtual host. None of it calls back into the queue before the operation is over.
class QueueOwner {
 public:
  virtual void dead(Queue& queue, Entry entry, DeadReason reason) = 0;  // settled here; perhaps published elsewhere
  virtual void settled(Queue& queue, const Entry& entry) = 0;
  virtual void unused(Queue& queue) = 0;  // for as long as x-expires says, or without its last consumer: to be deleted
  // The content of a stored entry. Null: it cannot be read.
  [[nodiscard]] virtual MessageRef load(const Entry& entry) = 0;
  // How many bytes of stored messages' bodies a queue should keep in memory.
  [[nodiscard]] virtual std::size_t resident_bytes_max() const = 0;
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual runtime::Timers& timers() = 0;

 protected:
  ~QueueOwner() = default;
};

// Shared, because what was delivered is settled even when the queue has been deleted meanwhile.
class Queue : public std::enable_shared_from_this<Queue> {
 public:
  Queue(QueueOwner& owner, std::string name, const QueueRules& rules, std::uint64_t number, std::uint64_t connection);
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] const QueueRules& rules() const noexcept { return rules_; }
  [[nodiscard]] std::uint64_t connection() const noexcept { return connection_; }  // of an exclusive one; else 0
  [[nodiscard]] Destination as_destination() noexcept { return {.number = number_, .queue = this}; }
  [[nodiscard]] std::size_t ready() const noexcept { return ready_; }
  [[nodiscard]] std::size_t unacked() const noexcept { return unacked_; }
  [[nodiscard]] std::size_t consumers() const noexcept { return consumers_.size(); }
  [[nodiscard]] bool has_exclusive_consumer() const noexcept { return exclusive_consumer_; }

  [[nodiscard]] bool accepts(const Message& message) const noexcept;  // false: reject-publish, and it is full
  void push(MessageRef message, std::uint64_t number, bool stored);
  // At start: as redelivered, nobody knows whether it was. push_on() when all are back.
  void restore(const Restored& message);

  enum class Sharing : std::uint8_t { shared, exclusive };
  void add_consumer(Consumer& consumer, Sharing sharing);
  void remove_consumer(Consumer& consumer);  // the last one of an auto-delete queue ends it: see QueueOwner::unused
  void wake(Consumer& consumer);
  [[nodiscard]] std::optional<Entry> take(Settling settling);  // basic.get

  // What becomes of an entry that was delivered or taken and not settled at once.
  void acknowledge(const Entry& entry);
  void reject(Entry entry);    // to the dead letters, or away
  void put_back(Entry entry);  // to its old place; push_on() when all are back
  void push_on() { dispatch(); }

  std::size_t purge();
  void used();    // declared again: x-expires begins anew
  void detach();  // deleted: tells the consumers; what is unacked may still be settled, and does not come back

  std::uint64_t routed = 0;  // by which routing: a message comes once, by however many bindings

 private:
  using Level = std::deque<Entry>;
  [[nodiscard]] Instant expiry_of(const std::optional<std::chrono::milliseconds>& own) const;
  void insert(Entry entry);
  void let_go(Entry& entry) noexcept;
  [[nodiscard]] Level* first_level();
  [[nodiscard]] Level* first_readable();
  bool bring_in(Level& level);
  void load(Entry& entry);
  Entry pop(Level& level);
  void dispatch();
  void drop_over_limits();
  void drop_expired();
  void arm_expiry();
  void arm_unused();
  void list(Consumer& consumer);
  [[nodiscard]] Consumer* next_consumer();
  [[nodiscard]] bool over_limits(std::size_t more_messages, std::size_t more_bytes) const noexcept;

  QueueOwner& owner_;
  std::string name_;
  QueueRules rules_;
  std::uint64_t number_;
  std::uint64_t connection_;
  std::vector<Level> levels_;  // by priority; one for a queue without
  std::size_t ready_ = 0;
  std::size_t ready_bytes_ = 0;     // of bodies
  std::size_t resident_bytes_ = 0;  // of those bodies that are in memory
  std::size_t unacked_ = 0;
  std::vector<Consumer*> consumers_;  // in the order in which they came
  std::deque<Consumer*> waiting_;     // those that may take one; highest priority first, then round robin
  bool exclusive_consumer_ = false;
  bool detached_ = false;
  runtime::Timer expiry_;  // of the first message
  runtime::Timer unused_;
};

}  // namespace tutti::broker
