// What the journal says is there: read once, at start, before there are virtual hosts; then put into them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <tutti/time.hpp>

#include "broker/journal/files.hpp"
#include "broker/journal/places.hpp"
#include "broker/model/exchange.hpp"
#include "broker/model/virtual_host.hpp"

namespace tutti::broker::journal {

struct RecoveredQueue {
  std::string host;
  std::string name;
  bool auto_delete = false;
  std::string arguments;
};
struct RecoveredBinding {
  std::string host;
  std::string source;
  std::uint64_t queue = 0;
  std::string exchange;
  std::string key;
  std::string arguments;
  friend auto operator<=>(const RecoveredBinding&, const RecoveredBinding&) = default;
};
// A message's place in a queue.
struct RecoveredEntry {
  std::uint64_t number = 0;
  Time at = {};
  std::uint32_t body_bytes = 0;
  std::uint32_t expiration_ms = 0;
  bool expires = false;
  std::uint8_t priority = 0;
};

class Recovered {
 public:
  // Reads the whole journal. Throws as journal::walk().
  Recovered(world::Files& files, const std::string& folder);

  [[nodiscard]] const Walked& walked() const noexcept { return walked_; }
  [[nodiscard]] std::uint64_t highest_number() const noexcept { return highest_; }
  [[nodiscard]] std::vector<std::string> hosts() const;
  // Where all messages are; a span is a file. To be taken away when the hosts are restored.
  [[nodiscard]] Places& places() noexcept { return places_; }

  // Everything of that host, into it, once; the host tells no store meanwhile.
  void restore(VirtualHost& host, Time wall_now);

 private:
  template <class R>
  void take(const R&) {}  // beginnings and ends
  void take(const ExchangeMade& record);
  void take(const ExchangeRemoved& record);
  void take(const QueueMade& record);
  void take(const QueueRemoved& record);
  void take(const BindingMade& record);
  void take(const BindingRemoved& record);
  void take(const Settled& record);
  void take_message(const RecordPlace& place, const Placed& record);
  void take_all(const RecordPlace& place, const Record& record);
  void drop_settled();
  void forget_lost_queues();
  void restore_messages(Queue& queue, Time wall_now);

  Walked walked_;
  std::uint64_t highest_ = 0;
  std::map<std::pair<std::string, std::string>, ExchangeRules> exchanges_;  // by host and name
  std::map<std::uint64_t, RecoveredQueue> queues_;
  std::set<RecoveredBinding> bindings_;
  Places places_;
  std::map<std::uint64_t, std::deque<RecoveredEntry>> entries_;  // by queue, settled ones too until drop_settled()
  std::size_t entries_count_ = 0;
  std::size_t drop_at_;  // so many of them
};

}  // namespace tutti::broker::journal
