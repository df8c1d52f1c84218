// The broker apart from its connections: users, virtual hosts, what they share, how full it is.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/model/virtual_host.hpp"
#include "broker/session/access.hpp"
#include "runtime/shard.hpp"

namespace tutti::broker {

struct BrokerSettings {
  std::map<std::string, std::string, std::less<>> users = {{"guest", "guest"}};  // name, password
  std::vector<std::string> hosts = {"/"};
  std::size_t memory_bytes_max = 256 * 1024 * 1024;  // of messages: over it publishers wait
};

class Broker final : public Access {
 public:
  Broker(runtime::Shard& shard, const BrokerSettings& settings);

  [[nodiscard]] bool admits(std::string_view user, std::string_view password) const override;
  [[nodiscard]] VirtualHost* host(std::string_view name) override;
  [[nodiscard]] Shared& shared() noexcept { return shared_; }

  // Full from the limit on, until it has fallen to nine tenths of it.
  [[nodiscard]] bool full() noexcept;

 private:
  BrokerSettings settings_;
  Shared shared_;
  std::map<std::string, std::unique_ptr<VirtualHost>, std::less<>> hosts_;
  bool full_ = false;
};

}  // namespace tutti::broker
