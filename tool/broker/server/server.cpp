#include <cerrno>
#include <cstring>
#include <utility>

#include <tutti/error.hpp>

#include "broker/server/server_core.hpp"

namespace tutti::broker {
namespace {

constexpr int accepted_per_turn_max = 64;
constexpr std::chrono::nanoseconds accept_pause = std::chrono::milliseconds(100);  // when out of descriptors
constexpr std::chrono::nanoseconds memory_pause = std::chrono::milliseconds(200);

}  // namespace

ServerCore::ServerCore(runtime::Shard& shard, Broker& broker, const ServerRules& rules)
    : shard_(shard),
      broker_(broker),
      rules_(rules),
      retry_accept_([](void* self) noexcept { static_cast<ServerCore*>(self)->accept_all(); }, this),
      memory_timer_([](void* self) noexcept { static_cast<ServerCore*>(self)->look_at_memory(); }, this) {
  int error = 0;
  listener_ = shard.network().listen(rules.listen, {}, error);
  if (!listener_) {
    const std::string where = world::to_string(rules.listen);
    if (error == EADDRINUSE)
      throw Error(Code::unavailable,
                  "the address " + where + " is taken by another process; choose another with --listen");
    throw Error(Code::unavailable, "cannot listen on " + where + ": " + std::strerror(error));
  }
  address_ = listener_->address();
  listener_->watch(this);
  broker_.set_owner(this);
}

ServerCore::~ServerCore() {
  broker_.set_owner(nullptr);
  connections_.clear();
}

void ServerCore::on_ready(world::Ready) { accept_all(); }

void ServerCore::accept_all() {
  for (int count = 0; listener_; ++count) {
    if (count == accepted_per_turn_max) return retry_accept_.arm(shard_.timers(), shard_.now());  // others first
    int error = 0;
    try {
      if (accept_one(error)) continue;
    } catch (...) {
      error = ENOMEM;
    }
    if (error == ECONNABORTED) continue;
    if (error != 0) retry_accept_.arm(shard_.timers(), shard_.now() + accept_pause);
    return;
  }
}

bool ServerCore::accept_one(int& error) {
  auto connection = listener_->accept(error);
  if (!connection) return false;
  if (connections_.size() >= rules_.connections_max) return true;  // closed at once
  const std::uint64_t number = ++accepted_;
  connections_.emplace(number, std::make_unique<Connection>(*this, std::move(connection), number));
  return true;
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
  listener_.reset();
  retry_accept_.cancel();
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
