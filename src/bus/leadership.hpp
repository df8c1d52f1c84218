// One instance of a fleet does a thing: whoever holds the token of the queue `tutti.leader.<name>`. The queue gives its
// messages to one consumer at a time (x-single-active-consumer) and keeps one message at most; every instance that
// connects puts one in. The leader leaves it unacknowledged: when it dies, or its host hangs and misses heartbeats, the
// broker gives the token to the next consumer.
//
// A leader that hears nothing from the broker stops leading before the broker gives it up, so two lead at the same time
// only while a piece of work that one has begun outlasts that.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/detail/waiting.hpp>

#include "bus/link.hpp"

namespace tutti::bus {

class Leadership final : private LinkUser {
 public:
  // Heartbeats of the connection: the broker gives a silent one up after two to three of them.
  static constexpr std::chrono::seconds heartbeat{2};
  // How long a token is held before it is exchanged: brokers close what acknowledges nothing for half an hour.
  static constexpr std::chrono::nanoseconds held_longest = std::chrono::minutes(5);

  Leadership(runtime::Shard& shard, LinkRules link);
  ~Leadership();
  Leadership(const Leadership&) = delete;
  Leadership& operator=(const Leadership&) = delete;

  void contend(std::string name) { contests_.push_back({std::move(name), {}}); }  // before start()
  void start();
  [[nodiscard]] bool leads(std::string_view name) const;
  // Gives all of it up at once. Waits, at most until then.
  void close(Instant until);
  // Empty, or why it is not known who leads.
  [[nodiscard]] std::string not_ready() const { return link_.up() ? std::string() : link_.reason(); }

 private:
  struct Contest {
    std::string name;
    std::optional<std::uint64_t> token;  // its delivery tag
  };

  void opened() override;
  void take(std::uint16_t channel, const wire::amqp::Method& method) override;
  void take_content(std::uint16_t channel, const wire::amqp::Method& method, std::string_view properties,
                    std::string_view body) override;
  void lost() override;
  void put_token(const Contest& contest);
  void exchange_tokens();

  runtime::Shard& shard_;
  std::vector<Contest> contests_;
  std::size_t answers_left_ = 0;  // of the set-up
  detail::Family exchanging_;
  Link link_;
};

}  // namespace tutti::bus
