// Sends the events that transactions of one database have published, in their order, and removes those that the broker
// has confirmed. It runs on the process's first shard; of several processes with the same file one works at a time, or
// their events would overtake each other. A crash between confirm and removal sends an event twice: it has the same
// message id.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "bus/publisher.hpp"
#include "database/core.hpp"
#include "runtime/parker.hpp"
#include "world/world.hpp"

namespace tutti::detail {

class OutboxRelay {
 public:
  static constexpr std::size_t batch_max = 100;
  // Without a commit in this process: rows that another one left behind.
  static constexpr std::chrono::nanoseconds look_every = std::chrono::seconds(10);

  OutboxRelay(Database& database, bus::Publisher& publisher, world::World& world,
              std::function<void(std::string_view sentence)> report)
      : database_(database),
        publisher_(publisher),
        clock_(world.clock()),
        id_(world.random().id()),
        report_(std::move(report)) {}

  void run();  // until it is cancelled
  void wake() noexcept { parker_.unpark(); }
  [[nodiscard]] const Database* database() const noexcept { return &database_; }

 private:
  [[nodiscard]] std::size_t send_batch();  // how many are gone
  void tell(const std::string& sentence);

  Database& database_;
  bus::Publisher& publisher_;
  Clock& clock_;
  const std::string id_;  // among the relays of other processes
  std::function<void(std::string_view)> report_;
  std::string told_;
  runtime::Parker parker_;
};

}  // namespace tutti::detail
