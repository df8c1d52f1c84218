// Looks into queues without consuming them: counts, takes messages one by one, purges. For commands that a person runs,
// so it gives up at the first connection that is lost. What was taken and not acknowledged goes back to its place when
// the reader closes or dies; until then no other reader sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bus/consumer.hpp"
#include "bus/link.hpp"
#include "runtime/parker.hpp"

namespace tutti::bus {

class QueueReader final : private LinkUser {
 public:
  // Connects when it is first asked.
  QueueReader(runtime::Shard& shard, LinkRules rules);
  QueueReader(const QueueReader&) = delete;
  QueueReader& operator=(const QueueReader&) = delete;

  // Each waits, at most until then, and throws tutti::Error: unavailable if no broker of the list can be reached or the
  // connection is lost, permission_denied with the broker's words if it refuses.
  // Messages that nobody has taken; nothing: there is no such queue.
  [[nodiscard]] std::optional<std::uint32_t> count(std::string_view queue, Instant until);
  // The next one of a queue that is there; nothing: it is empty.
  [[nodiscard]] std::optional<Delivery> take(std::string_view queue, Instant until);
  // How many are gone. Those that somebody has taken stay.
  std::uint32_t purge(std::string_view queue, Instant until);
  void acknowledge(const Delivery& delivery);
  // Says goodbye behind the acknowledgements. Waits, at most until then.
  void close(Instant until);

 private:
  void opened() override;
  void take(std::uint16_t channel, const wire::amqp::Method& method) override;
  void take_content(std::uint16_t channel, const wire::amqp::Method& method, std::string_view properties,
                    std::string_view body) override;
  void lost() override { ++connection_; }

  void connect(Instant until);
  void failed(std::string_view why);
  void answer();
  void await_answer(Instant until);
  template <class M>
  void ask(const M& method, Instant until);

  const std::size_t hosts_;
  Link link_;
  runtime::Parker parker_;
  bool waiting_ = false;
  std::string failure_;  // of the connection: all that follows fails with it
  std::string refusal_;  // of the last question
  bool missing_ = false;
  std::uint32_t number_ = 0;
  std::optional<Delivery> delivery_;
  std::uint64_t connection_ = 0;
};

}  // namespace tutti::bus
