#include "broker/server/broker.hpp"

namespace tutti::broker {
namespace {

// Takes as long whatever the difference is.
bool same_secret(std::string_view a, std::string_view b) noexcept {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const char other = i < a.size() ? a[i] : '\0';
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(other ^ b[i]));
  }
  return difference == 0;
}

}  // namespace

Broker::Broker(runtime::Shard& shard, const BrokerSettings& settings)
    : settings_(settings),
      shared_{.timers = shard.timers(),
              .now = [&shard] { return shard.now(); },
              .wall_now = [&shard] { return shard.world().clock().now(); },
              .random = shard.world().random()} {
  for (const std::string& name : settings_.hosts) hosts_.emplace(name, std::make_unique<VirtualHost>(name, shared_));
}

bool Broker::admits(std::string_view user, std::string_view password) const {
  const auto known = settings_.users.find(user);
  return known != settings_.users.end() && same_secret(known->second, password);
}

VirtualHost* Broker::host(std::string_view name) {
  const auto place = hosts_.find(name);
  return place == hosts_.end() ? nullptr : place->second.get();
}

bool Broker::full() noexcept {
  const std::size_t limit = settings_.memory_bytes_max;
  full_ = shared_.account.bytes > (full_ ? limit - limit / 10 : limit);
  return full_;
}

}  // namespace tutti::broker
