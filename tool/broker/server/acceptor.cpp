#include "broker/server/acceptor.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <tutti/error.hpp>

namespace tutti::broker {
namespace {

constexpr int accepted_per_turn_max = 64;
constexpr std::chrono::nanoseconds accept_pause = std::chrono::milliseconds(100);  // when out of descriptors

}  // namespace

Acceptor::Acceptor(runtime::Shard& shard, const world::Address& listen, net::TlsServer* tls, AcceptorOwner& owner)
    : shard_(shard),
      tls_(tls),
      owner_(owner),
      retry_([](void* self) noexcept { static_cast<Acceptor*>(self)->accept_all(); }, this) {
  int error = 0;
  listener_ = shard.network().listen(listen, {}, error);
  if (!listener_) {
    const std::string where = world::to_string(listen);
    if (error == EADDRINUSE)
      throw Error(Code::unavailable,
                  "the address " + where + " is taken by another process; choose another with --listen");
    throw Error(Code::unavailable, "cannot listen on " + where + ": " + std::strerror(error));
  }
  address_ = listener_->address();
  listener_->watch(this);
}

void Acceptor::on_ready(world::Ready) { accept_all(); }

void Acceptor::accept_all() {
  for (int count = 0;; ++count) {
    if (count == accepted_per_turn_max) return retry_.arm(shard_.timers(), shard_.now());  // others first
    int error = 0;
    try {
      if (accept_one(error)) continue;
    } catch (...) {
      error = ENOMEM;
    }
    if (error == ECONNABORTED) continue;
    if (error != 0) retry_.arm(shard_.timers(), shard_.now() + accept_pause);
    return;
  }
}

bool Acceptor::accept_one(int& error) {
  auto connection = listener_->accept(error);
  if (!connection) return false;
  if (tls_ == nullptr) {
    owner_.accepted(std::move(connection), nullptr);
    return true;
  }
  auto encrypted = tls_->wrap(std::move(connection));
  const net::TlsConnection* const tls = encrypted.get();
  owner_.accepted(std::move(encrypted), tls);
  return true;
}

}  // namespace tutti::broker
