// A channel of a connection: what a client does with exchanges, queues and messages. An error closes only the channel;
// until the client has answered that, what comes on it is ignored.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/model/virtual_host.hpp"
#include "broker/session/confirms.hpp"
#include "broker/session/deliveries.hpp"
#include "wire/amqp/content.hpp"
#include "wire/amqp/method.hpp"

namespace tutti::broker {

class Session;
class Channel;

class ChannelConsumer final : public Consumer {
 public:
  struct Rules {
    Settling settling = Settling::awaited;
    std::uint16_t prefetch = 0;  // 0: any number
    std::int64_t priority = 0;   // x-priority
  };
  ChannelConsumer(Channel& channel, std::string tag, std::shared_ptr<Queue> queue, const Rules& rules)
      : channel_(channel), tag_(std::move(tag)), queue_(std::move(queue)), rules_(rules) {}

  bool can_take() const override;
  void deliver(Queue& queue, Entry entry) override;
  void queue_deleted() override;
  Settling settling() const override { return rules_.settling; }
  std::int64_t priority() const override { return rules_.priority; }

  [[nodiscard]] const std::string& tag() const noexcept { return tag_; }
  [[nodiscard]] Queue& queue() const noexcept { return *queue_; }
  [[nodiscard]] std::uint16_t prefetch() const noexcept { return rules_.prefetch; }
  [[nodiscard]] std::uint32_t unacked() const noexcept { return unacked_; }
  void settled() noexcept { --unacked_; }
  void wake() { queue_->wake(*this); }

 private:
  Channel& channel_;
  std::string tag_;
  std::shared_ptr<Queue> queue_;
  Rules rules_;
  std::uint32_t unacked_ = 0;
};

class Channel {
 public:
  Channel(Session& session, std::uint16_t number);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Throws Refusal for what ends the connection; what ends the channel was answered already.
  void take(const wire::amqp::Frame& frame);
  void close() noexcept;  // its consumers go, what was not acknowledged goes back
  [[nodiscard]] bool closed() const noexcept { return state_ == State::closed; }  // both sides have said so
  void wake_consumers();
  void send_confirms();  // of what the store has
  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }
  [[nodiscard]] std::size_t unacked() const noexcept { return deliveries_.size(); }
  template <class F>
  void for_each_consumer(F f) const {
    for (const auto& [tag, consumer] : consumers_) f(*consumer);
  }
  [[nodiscard]] bool owes_confirms() const noexcept { return confirms_.waiting(); }

 private:
  friend class ChannelConsumer;
  enum class State : std::uint8_t { open, closing, closed };

  // channel.cpp
  void take_method(const wire::amqp::Method& method);
  template <class M>
  void on(const M& method);  // those below; others are refused
  void on(const wire::amqp::ChannelFlow& method);
  void on(const wire::amqp::ChannelClose& method);
  void on(const wire::amqp::ConfirmSelect& method);
  void fail(const Refusal& refusal, const wire::amqp::MethodKey& method);
  template <class M>
  void send(const M& method);
  template <class M>
  void answer(bool no_wait, const M& method);  // once the store has what was done
  // channel_topology.cpp
  void on(const wire::amqp::ExchangeDeclare& method);
  void on(const wire::amqp::ExchangeDelete& method);
  void on(const wire::amqp::ExchangeBind& method);
  void on(const wire::amqp::ExchangeUnbind& method);
  void on(const wire::amqp::QueueDeclare& method);
  void on(const wire::amqp::QueueBind& method);
  void on(const wire::amqp::QueueUnbind& method);
  void on(const wire::amqp::QueuePurge& method);
  void on(const wire::amqp::QueueDelete& method);
  [[nodiscard]] Queue& queue_named(std::string_view name);  // empty: the last one that was declared here
  // channel_messages.cpp
  void on(const wire::amqp::BasicQos& method);
  void on(const wire::amqp::BasicConsume& method);
  void on(const wire::amqp::BasicCancel& method);
  void on(const wire::amqp::BasicPublish& method);
  void on(const wire::amqp::BasicGet& method);
  void on(const wire::amqp::BasicAck& method);
  void on(const wire::amqp::BasicNack& method);
  void on(const wire::amqp::BasicReject& method);
  void on(const wire::amqp::BasicRecover& method);
  void on(const wire::amqp::BasicRecoverAsync& method);
  void recover();
  [[nodiscard]] Queue& queue_to_consume(const wire::amqp::BasicConsume& method);
  // As they came, but for a reply_to that means this channel's own reply queue.
  [[nodiscard]] std::string_view with_reply_queue(const wire::amqp::Properties& properties);
  void publish();
  void return_to_publisher(const Publication& publication);
  enum class Fate : std::uint8_t { acknowledged, rejected, requeued };
  void settle(std::uint64_t tag, Deliveries::Reach reach, Fate fate);
  void settle(std::vector<Delivery> deliveries, Fate fate);
  void deliver(ChannelConsumer& consumer, Queue& queue, Entry entry);
  void cancel_from_here(ChannelConsumer& consumer);
  void let_go(Entry& entry);
  void send_content(const Message& message);

  Session& session_;
  std::uint16_t number_;
  State state_ = State::open;
  wire::amqp::ContentReader content_;
  struct {
    std::string exchange;
    std::string routing_key;
    bool mandatory = false;
  } publishing_;  // what the content under way belongs to
  std::string last_queue_;
  std::string reply_queue_;  // of direct reply-to; empty: none
  std::string rewritten_properties_;
  std::map<std::string, std::unique_ptr<ChannelConsumer>, std::less<>> consumers_;
  std::vector<std::unique_ptr<ChannelConsumer>> gone_;  // their queue was deleted in the middle of something
  std::uint64_t consumers_ever_ = 0;
  Deliveries deliveries_;
  Confirms confirms_;
  bool confirming_ = false;
  bool flowing_ = true;
  std::uint16_t prefetch_ = 0;          // of the next consumers
  std::uint16_t channel_prefetch_ = 0;  // of all of them together
};

}  // namespace tutti::broker
