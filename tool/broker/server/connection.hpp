// A client's connection: moves bytes between its socket and its session, and keeps its times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "broker/session/session.hpp"
#include "net/tls.hpp"
#include "runtime/timers.hpp"
#include "world/network.hpp"

namespace tutti::broker {

class ServerCore;

class Connection final : private world::Watcher, private SessionOwner {
 public:
  // `tls`: the connection's; null: it is plain.
  Connection(ServerCore& server, std::unique_ptr<world::Connection> connection, const net::TlsConnection* tls,
             std::uint64_t number);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] Session& session() noexcept { return session_; }
  [[nodiscard]] const Session& session() const noexcept { return session_; }
  [[nodiscard]] bool encrypted() const noexcept { return encrypted_; }
  [[nodiscard]] const world::Address& peer() const noexcept { return peer_; }
  void proceed_later();  // something that held it back is over
  void stop();           // told that the broker stops

 private:
  void on_ready(world::Ready ready) override;
  void send_later() override { proceed_later(); }
  void proceed() noexcept;  // may destroy this
  void take_turn();
  void read_once();
  void take(std::string_view data);
  void flush();
  void on_time() noexcept;
  void keep_alive();
  void arm_heartbeat();
  void lose() noexcept { connection_.reset(); }
  [[nodiscard]] bool may_read() noexcept;

  ServerCore& server_;
  std::unique_ptr<world::Connection> connection_;  // null: lost
  const net::TlsConnection* tls_;                  // of connection_; null: plain, or asked for its name already
  world::Address peer_;
  Session session_;
  runtime::Timer timer_;       // until it is open: the time for that; then heartbeats; at the end: for the last bytes
  runtime::Timer turn_timer_;  // proceed() in the next turn
  std::string in_;             // the beginning of a frame, or what may not be taken yet
  std::size_t sent_ = 0;       // of session_.out()
  Instant heard_;
  Instant said_;
  bool encrypted_;
  bool heartbeats_ = false;
  bool ending_ = false;
  bool hung_up_ = false;  // told once: from then on read until the end
  bool readable_ = false;
  bool writable_ = true;
};

}  // namespace tutti::broker
