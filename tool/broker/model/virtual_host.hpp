// A virtual host: exchanges, queues and bindings under one name, apart from those of others, and what clients may do
// with them. Every operation throws Refusal with the code that AMQP has for it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/clock.hpp>
#include <tutti/random.hpp>

#include "broker/model/queue.hpp"
#include "broker/model/refusal.hpp"
#include "broker/model/store.hpp"
#include "runtime/timers.hpp"

namespace tutti::broker {

// What the virtual hosts of a broker share.
struct Shared {
  runtime::Timers& timers;
  std::function<Instant()> now;
  std::function<Time()> wall_now;
  Random& random;
  Store* store = nullptr;  // null: nothing outlives the process
  Account account = {};    // of all messages
  std::size_t resident_bytes_max = 16 * 1024 * 1024;
  // So much memory is taken that stored messages should be in the store only.
  [[nodiscard]] bool tight() const noexcept { return account.bytes > resident_bytes_max; }
  std::uint64_t next_number = 1;  // of messages, exchanges and queues
};

// The name by which clients ask for a queue of that kind, and which they put into reply_to.
inline constexpr std::string_view direct_reply_to = "amq.rabbitmq.reply-to";

struct PublishOutcome {
  bool routed = false;
  bool stored = false;   // durable when the store says so
  bool accepted = true;  // false: a queue with reject-publish is full
};

class VirtualHost final : private QueueOwner {
 public:
  VirtualHost(std::string name, Shared& shared);
  ~VirtualHost();
  VirtualHost(const VirtualHost&) = delete;
  VirtualHost& operator=(const VirtualHost&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  void declare_exchange(std::string_view name, const ExchangeRules& rules);
  [[nodiscard]] Exchange& exchange(std::string_view name);  // throws not_found
  enum class If : std::uint8_t { always, unused };
  void delete_exchange(std::string_view name, If when);

  // `connection`: who asks, a number that is not 0; exclusive queues are for it alone. An empty name: one is given.
  Queue& declare_queue(std::string_view name, const QueueRules& rules, std::uint64_t connection);
  // Direct reply-to: a queue of one requester, gone with its consumer; its name cannot be guessed.
  Queue& declare_reply_queue(std::uint64_t connection);
  Queue& restore_queue(const std::string& name, const QueueRules& rules, std::uint64_t number);  // at start
  [[nodiscard]] Queue& queue(std::string_view name, std::uint64_t connection);
  struct DeleteRules {
    bool if_unused = false;
    bool if_empty = false;
  };
  std::size_t delete_queue(std::string_view name, std::uint64_t connection, const DeleteRules& rules);
  void delete_exclusive_queues(std::uint64_t connection);

  void bind(std::string_view source, Destination destination, std::string_view key, std::string_view arguments);
  void unbind(std::string_view source, Destination destination, std::string_view key, std::string_view arguments);

  PublishOutcome publish(Exchange& exchange, const Publication& publication, const Handling& handling,
                         wire::amqp::Table headers);

  void push_on();  // all queues, once they are restored

  // All that is durable, bindings last.
  void tell_topology(Store& store) const;
  template <class F>
  void for_each_queue(F f) const {
    for (const auto& [name, queue] : queues_) f(*queue);
  }
  template <class F>
  void for_each_exchange(F f) const {
    for (const auto& [name, exchange] : exchanges_) f(*exchange);
  }

 private:
  struct Dead {
    std::shared_ptr<Queue> queue;
    Entry entry;
    DeadReason reason;
  };

  void dead(Queue& queue, Entry entry, DeadReason reason) override;
  void settled(Queue& queue, const Entry& entry) override;
  void unused(Queue& queue) override;
  MessageRef load(const Entry& entry) override;
  std::size_t resident_bytes_max() const override;
  Instant now() const override { return shared_.now(); }
  runtime::Timers& timers() override { return shared_.timers; }

  void make_exchange(std::string_view name, const ExchangeRules& rules);
  Queue& make_queue(std::string name, const QueueRules& rules, std::uint64_t number, std::uint64_t connection);
  void erase_exchange(Exchange& exchange);
  void erase_queue(Queue& queue);
  void unbind_everywhere(const Destination& destination);
  [[nodiscard]] std::string new_queue_name();
  void collect(Exchange& exchange, std::string_view key, wire::amqp::Table headers);
  PublishOutcome deliver(const Publication& publication, const Handling& handling);
  [[nodiscard]] bool bury(Dead& dead);
  void bury_all();
  [[nodiscard]] static bool durable(const Destination& destination) noexcept;

  std::string name_;
  Shared& shared_;
  std::map<std::string, std::unique_ptr<Exchange>, std::less<>> exchanges_;
  std::map<std::string, std::shared_ptr<Queue>, std::less<>> queues_;
  std::uint64_t routing_ = 0;   // counts messages that were routed
  std::vector<Queue*> routed_;  // of the one that is being routed
  std::vector<Queue*> stored_in_;
  std::deque<Dead> dead_;
  runtime::Timer burial_;
};

}  // namespace tutti::broker
