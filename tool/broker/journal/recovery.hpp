// What the journal says is there: read once, at start, before there are virtual hosts; then put into them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <vector>

#include <tutti/time.hpp>

#include "broker/journal/files.hpp"
#include "broker/model/exchange.hpp"
#include "broker/model/message.hpp"
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
struct RecoveredMessage {
  std::string host;
  MessageRef message;
  Time at = {};
  std::vector<std::uint64_t> queues;  // that still have it
  std::uint64_t file = 0;             // where it is
};

class Recovered {
 public:
  // Reads the whole journal. Throws as journal::walk().
  Recovered(world::Files& files, const std::string& folder, Account& account);

  [[nodiscard]] const Walked& walked() const noexcept { return walked_; }
  [[nodiscard]] std::uint64_t highest_number() const noexcept { return highest_; }
  [[nodiscard]] std::vector<std::string> hosts() const;
  [[nodiscard]] const std::map<std::uint64_t, RecoveredMessage>& messages() const noexcept { return messages_; }

  // Everything of that host, into it; the host tells no store meanwhile.
  void restore(VirtualHost& host, Time wall_now) const;

 private:
  void take(std::uint64_t file, const Record& record);
  void take(const FileBegin&) {}
  void take(const ExchangeMade& record);
  void take(const ExchangeRemoved& record);
  void take(const QueueMade& record);
  void take(const QueueRemoved& record);
  void take(const BindingMade& record);
  void take(const BindingRemoved& record);
  void take(const Published& record);
  void take(const Settled& record);
  void forget_lost_queues();

  Account& account_;
  Walked walked_;
  std::uint64_t highest_ = 0;
  std::uint64_t file_ = 0;                                                  // that is being read
  std::map<std::pair<std::string, std::string>, ExchangeRules> exchanges_;  // by host and name
  std::map<std::uint64_t, RecoveredQueue> queues_;
  std::set<RecoveredBinding> bindings_;
  std::map<std::uint64_t, RecoveredMessage> messages_;
};

}  // namespace tutti::broker::journal
