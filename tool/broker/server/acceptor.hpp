// One address on which a server listens: accepts connections and hands them over, with TLS around them or not.
#pragma once

#include <memory>

#include "net/tls.hpp"
#include "runtime/shard.hpp"
#include "runtime/timers.hpp"
#include "world/network.hpp"

namespace tutti::broker {

class AcceptorOwner {
 public:
  // `tls`: of the connection, which lives as long; null: it has none. May throw.
  virtual void accepted(std::unique_ptr<world::Connection> connection, const net::TlsConnection* tls) = 0;

 protected:
  ~AcceptorOwner() = default;
};

class Acceptor final : private world::Watcher {
 public:
  // `tls` null: plain. All outlive this. Throws tutti::Error if it cannot listen there.
  Acceptor(runtime::Shard& shard, const world::Address& listen, net::TlsServer* tls, AcceptorOwner& owner);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  [[nodiscard]] const world::Address& address() const noexcept { return address_; }

 private:
  void on_ready(world::Ready ready) override;
  void accept_all();
  bool accept_one(int& error);

  runtime::Shard& shard_;
  net::TlsServer* tls_;
  AcceptorOwner& owner_;
  std::unique_ptr<world::Listener> listener_;
  world::Address address_;
  runtime::Timer retry_;
};

}  // namespace tutti::broker
