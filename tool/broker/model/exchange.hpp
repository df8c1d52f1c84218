// An exchange and its bindings: where a message goes that is published to it. It knows no messages, only what of them
// decides: the routing key and the headers.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/model/topic_tree.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::broker {

class Exchange;
class Queue;

enum class ExchangeType : std::uint8_t { direct, fanout, topic, headers };
[[nodiscard]] std::optional<ExchangeType> exchange_type_of(std::string_view name) noexcept;
[[nodiscard]] std::string_view name_of(ExchangeType type) noexcept;

struct ExchangeRules {
  ExchangeType type = ExchangeType::direct;
  bool durable = false;
  bool auto_delete = false;    // goes with its last binding
  bool internal = false;       // takes messages only from other exchanges
  std::string alternate = {};  // alternate-exchange: gets what has no route
};

// One of the two. The number is its own among all queues and exchanges: the order of bindings is that of numbers, never
// of addresses, so that a run can be had again.
struct Destination {
  std::uint64_t number = 0;
  Queue* queue = nullptr;
  Exchange* exchange = nullptr;
  friend auto operator<=>(const Destination&, const Destination&) = default;
};

struct Binding {
  Destination destination;
  std::string key;
  std::string arguments;  // a table's bytes
  friend auto operator<=>(const Binding&, const Binding&) = default;
};

class Exchange {
 public:
  Exchange(std::string name, const ExchangeRules& rules, std::uint64_t number)
      : name_(std::move(name)), rules_(rules), number_(number) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const ExchangeRules& rules() const noexcept { return rules_; }
  [[nodiscard]] Destination as_destination() noexcept { return {.number = number_, .exchange = this}; }
  [[nodiscard]] bool has_bindings() const noexcept { return !bindings_.empty(); }

  // False: it was there already, or was not there.
  bool bind(Binding binding);
  bool unbind(const Binding& binding);
  void unbind_all(const Destination& destination);

  // Appends what matches; one may come several times. `headers`: of the message, only for type headers.
  void match(std::string_view key, wire::amqp::Table headers, std::vector<const Binding*>& out) const;
  template <class F>
  void for_each_binding(F f) const {
    for (const Binding& binding : bindings_) f(binding);
  }

  std::uint64_t visited = 0;  // by which routing: so none is walked twice

 private:
  void enter(const Binding& binding);
  void leave(const Binding& binding);

  std::string name_;
  ExchangeRules rules_;
  std::uint64_t number_;
  std::set<Binding> bindings_;  // their places never move
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::vector<const Binding*>, Hash, std::equal_to<>> by_key_;  // direct
  TopicTree by_pattern_;                                                                        // topic
};

}  // namespace tutti::broker
