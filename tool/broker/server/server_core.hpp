// What the connections of a server share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "broker/server/acceptor.hpp"
#include "broker/server/connection.hpp"
#include "broker/server/server.hpp"
#include "runtime/parker.hpp"
#include "runtime/timers.hpp"

namespace tutti::broker {

class ServerCore final : public Server, private AcceptorOwner, private BrokerOwner {
 public:
  ServerCore(runtime::Shard& shard, Broker& broker, const ServerRules& rules);
  ~ServerCore() override;

  world::Address address() const override { return plain_->address(); }
  std::optional<world::Address> tls_address() const override {
    return tls_ ? std::optional(tls_->address()) : std::nullopt;
  }
  std::size_t connections() const override { return connections_.size(); }
  void stop(Instant until) override;

  [[nodiscard]] runtime::Shard& shard() noexcept { return shard_; }
  [[nodiscard]] Broker& broker() noexcept { return broker_; }
  [[nodiscard]] const SessionLimits& limits() const noexcept { return rules_.limits; }
  [[nodiscard]] bool full() const noexcept { return full_; }
  void look_at_memory();                         // tells publishers when it becomes full, and when that is over
  void remove(Connection& connection) noexcept;  // destroys it

  // For listings and metrics.
  [[nodiscard]] SessionCounts counts() const noexcept;  // of all connections, those that have gone included
  [[nodiscard]] std::uint64_t accepted_ever() const noexcept { return accepted_; }
  template <class F>
  void for_each_connection(F f) const {
    for (const auto& [number, connection] : connections_) f(*connection);
  }

 private:
  void accepted(std::unique_ptr<world::Connection> connection, const net::TlsConnection* tls) override;
  void store_moved() override;

  runtime::Shard& shard_;
  Broker& broker_;
  ServerRules rules_;
  std::unique_ptr<Acceptor> plain_;
  std::unique_ptr<Acceptor> tls_;
  runtime::Timer memory_timer_;                                       // while full: messages also expire
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;  // by number
  std::uint64_t accepted_ = 0;
  SessionCounts gone_;
  runtime::Parker* changed_ = nullptr;  // somebody waits for connections to go
  bool full_ = false;
};

}  // namespace tutti::broker
