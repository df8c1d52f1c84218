#include <utility>

#include "broker/server/server_core.hpp"

namespace tutti::broker {
namespace {

constexpr std::chrono::nanoseconds memory_pause = std::chrono::milliseconds(200);

}  // namespace

ServerCore::ServerCore(runtime::Shard& shard, Broker& broker, const ServerRules& rules)
    : shard_(shard),
      broker_(broker),
      rules_(rules),
      memory_timer_([](void* self) noexcept { static_cast<ServerCore*>(self)->look_at_memory(); }, this) {
  auto& owner = static_cast<AcceptorOwner&>(*this);
  plain_ = std::make_unique<Acceptor>(shard, rules.listen, nullptr, owner);
  if (rules.tls != nullptr) tls_ = std::make_unique<Acceptor>(shard, rules.tls_listen, rules.tls, owner);
  broker_.set_owner(this);
}

ServerCore::~ServerCore() {
  broker_.set_owner(nullptr);
  connections_.clear();
}

void ServerCore::accepted(std::unique_ptr<world::Connection> connection, const net::TlsConnection* tls) {
  if (connections_.size() >= rules_.connections_max) return;  // closed at once
  const std::uint64_t number = ++accepted_;
  connections_.emplace(number, std::make_unique<Connection>(*this, std::move(connection), tls, number));
}

SessionCounts ServerCore::counts() const noexcept {
  SessionCounts sum = gone_;
  for (const auto& [number, connection] : connections_) sum += connection->session().counts();
  return sum;
}

void ServerCore::remove(Connection& connection) noexcept {
  connection.session().close();  // what goes back into queues counts too
  gone_ += connection.session().counts();
  connections_.erase(connection.session().number());
  if (changed_ != nullptr) changed_->unpark();
}

void ServerCore::look_at_memory() {
  const std::string_view reason = broker_.full();
  if (std::exchange(full_, !reason.empty()) != full_) {
    for (const auto& [number, connection] : connections_) {
      if (!connection->session().publishes()) continue;
      connection->session().set_blocked(reason);
      connection->proceed_later();
    }
  }
  if (full_ && !memory_timer_.armed()) memory_timer_.arm(shard_.timers(), shard_.now() + memory_pause);
}

void ServerCore::store_moved() {
  for (const auto& [number, connection] : connections_)
    if (connection->session().awaits_store()) connection->session().store_moved();
  look_at_memory();
}

void ServerCore::stop(Instant until) {
  plain_.reset();
  tls_.reset();
  for (const auto& [number, connection] : connections_) connection->stop();
  while (!connections_.empty()) {
    runtime::Parker changed;
    changed_ = &changed;
    const bool in_time = changed.park(until, "clients to go");
    changed_ = nullptr;
    if (!in_time) break;
  }
}

std::unique_ptr<Server> serve(runtime::Shard& shard, Broker& broker, const ServerRules& rules) {
  return std::make_unique<ServerCore>(shard, broker, rules);
}

}  // namespace tutti::broker
