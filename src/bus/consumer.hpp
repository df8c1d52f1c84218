// Consuming with acknowledgements: a fixed set of queues, each declared, bound and consumed again with every
// connection. What was delivered and not acknowledged when the connection is lost comes again, to whoever consumes the
// queue then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/link.hpp"

namespace tutti::bus {

struct QueueRules {
  std::string name = {};
  bool exclusive = false;      // of the connection, and gone with it
  bool auto_delete = false;    // gone with its last consumer
  std::string arguments = {};  // a table's bytes
};

struct Delivery {
  std::uint64_t connection = 0;  // which of the consumer's connections, for the acknowledgement
  std::uint64_t tag = 0;
  bool redelivered = false;
  std::string exchange = {};
  std::string routing_key = {};
  std::string properties = {};
  std::string body = {};
};

struct ConsumedQueue {
  QueueRules queue;
  std::string exchange;                 // topic, durable; declared
  std::string routing_key;              // the binding's
  std::vector<QueueRules> beside = {};  // declared as well, not consumed
  std::uint16_t prefetch = 1;           // delivered and not acknowledged at once
  // Behind stop() comes what the broker had sent before: an event goes back to its queue, a request is still answered.
  enum class Late : std::uint8_t { requeue, take } late = Late::requeue;
  std::function<void(Delivery)> take = {};  // on the connection's fiber: must not wait
};

struct ConsumerFigures {
  std::uint64_t consumed = 0;
  std::uint64_t redelivered = 0;
  std::uint64_t reconnects = 0;
};

class Consumer final : private LinkUser {
 public:
  Consumer(runtime::Shard& shard, const LinkRules& link) : link_(shard, link, *this) {}
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  void add(ConsumedQueue queue) { queues_.push_back(std::move(queue)); }  // before start()
  void start() { link_.start(); }
  // Both do nothing when the connection that brought it has gone: it comes again.
  void acknowledge(const Delivery& delivery);
  void requeue(const Delivery& delivery);
  // Publishes and acknowledges, in this order on one channel: the broker does not forget the delivery before it has the
  // answer. Whether somebody takes it is not asked.
  void answer(const Delivery& delivery, std::string_view exchange, std::string_view routing_key,
              std::string_view properties, std::string_view body);
  // Nothing more is delivered; what was may still be acknowledged.
  void stop();
  // After stop(): waits, at most until then, for the last delivery that may still come.
  void wait_stopped(Instant until);
  void close(Instant until) { link_.close(until); }
  [[nodiscard]] bool empty() const noexcept { return queues_.empty(); }
  // Empty if all queues are consumed, or there is none; otherwise why not.
  [[nodiscard]] std::string not_ready() const { return queues_.empty() || link_.up() ? std::string() : link_.reason(); }
  [[nodiscard]] ConsumerFigures figures() const noexcept;

 private:
  void opened() override;
  void take(std::uint16_t channel, const wire::amqp::Method& method) override;
  void take_content(std::uint16_t channel, const wire::amqp::Method& method, std::string_view properties,
                    std::string_view body) override;
  void lost() override;

  template <class M>
  void ask(const M& method);
  void declare(const QueueRules& queue);
  void set_up(std::size_t number);

  std::vector<ConsumedQueue> queues_;
  std::size_t answers_left_ = 0;  // of the set-up
  std::uint64_t connection_ = 0;
  bool stopped_ = false;
  std::size_t cancels_left_ = 0;
  runtime::Parker stopping_;
  std::uint64_t consumed_ = 0;
  std::uint64_t redelivered_ = 0;
  Link link_;
};

}  // namespace tutti::bus
