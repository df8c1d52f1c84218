// One connection of a client as a state machine: bytes in, operations on the virtual host, bytes out. It knows no
// socket and no clock; its owner moves the bytes and tells it when time has passed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "broker/model/virtual_host.hpp"
#include "broker/session/access.hpp"
#include "wire/amqp/frame.hpp"
#include "wire/amqp/method.hpp"

namespace tutti::broker {

class Channel;

struct SessionLimits {
  std::uint32_t frame_max = 128 * 1024;  // bytes, proposed by connection.tune; a client may ask for less
  std::uint16_t channel_max = 2047;
  std::uint16_t heartbeat_seconds = 60;
  std::size_t body_bytes_max = 128 * 1024 * 1024;
  std::size_t unsent_bytes_max = 256 * 1024;  // over it consumers of the connection get nothing more
};

// Messages of a connection so far.
struct SessionCounts {
  std::uint64_t published = 0;
  std::uint64_t unroutable = 0;    // of these: no queue took them
  std::uint64_t delivered = 0;     // to consumers and by basic.get
  std::uint64_t acknowledged = 0;  // by the client; what is taken with no-ack is not among them
  std::uint64_t rejected = 0;
  std::uint64_t requeued = 0;

  SessionCounts& operator+=(const SessionCounts& other) noexcept {
    published += other.published;
    unroutable += other.unroutable;
    delivered += other.delivered;
    acknowledged += other.acknowledged;
    rejected += other.rejected;
    requeued += other.requeued;
    return *this;
  }
};

class SessionOwner {
 public:
  virtual void send_later() = 0;  // something was written to out(), not from within take()

 protected:
  ~SessionOwner() = default;
};

class Session {
 public:
  // `number`: its own among the sessions of the broker, not 0.
  Session(Access& access, Shared& shared, const SessionLimits& limits, SessionOwner& owner, std::uint64_t number);
  ~Session();  // as close(): what was not acknowledged goes back
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Before the first take(): the name in the client's certificate, which was verified; empty: it has none.
  void set_certificate(std::string name) { certificate_ = std::move(name); }
  // Takes whole frames from the beginning of `data`; how many bytes they were. Stops while an answer waits for the
  // store.
  [[nodiscard]] std::size_t take(std::string_view data);
  [[nodiscard]] std::string& out() noexcept { return out_; }
  void sent();                                // out() is shorter now
  void close() noexcept;                      // the connection is lost
  void store_moved();                         // the store has more of what it was told; then take() again
  void force_close(std::string_view text);    // told 320; the client answers and goes
  void set_blocked(std::string_view reason);  // publishers wait; an empty reason: no more
  void append_heartbeat();

  [[nodiscard]] bool over() const noexcept { return state_ == State::over; }  // close it when out() is sent
  [[nodiscard]] bool opened() const noexcept { return host_ != nullptr; }
  [[nodiscard]] bool publishes() const noexcept { return publishes_; }
  [[nodiscard]] bool awaits_store() const noexcept { return stalled() || owes_confirms_; }
  [[nodiscard]] bool stalled() const noexcept { return !held_.empty(); }
  [[nodiscard]] std::uint16_t heartbeat_seconds() const noexcept { return heartbeat_seconds_; }  // agreed; 0: none
  [[nodiscard]] const std::string& user() const noexcept { return user_; }

  // For listings.
  [[nodiscard]] const std::string& client() const noexcept { return client_; }   // what it calls itself; may be empty
  [[nodiscard]] bool blocked() const noexcept { return blocked_; }               // its publishes wait
  [[nodiscard]] const VirtualHost* open_host() const noexcept { return host_; }  // null: not opened, or closed
  [[nodiscard]] const SessionCounts& counts() const noexcept { return counts_; }
  [[nodiscard]] std::size_t channels() const noexcept { return channels_.size(); }
  template <class F>
  void for_each_channel(F f) const {
    for (const auto& [number, channel] : channels_) f(*channel);
  }

  // For its channels.
  [[nodiscard]] VirtualHost& host() noexcept { return *host_; }
  [[nodiscard]] Shared& shared() noexcept { return shared_; }
  [[nodiscard]] const SessionLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] std::uint32_t frame_max() const noexcept { return frame_max_; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] bool takes_deliveries() noexcept;
  [[nodiscard]] bool tells_cancels() const noexcept { return tells_cancels_; }
  void note_confirms() noexcept { owes_confirms_ = true; }
  void note_publishing() noexcept { publishes_ = true; }
  [[nodiscard]] SessionCounts& count() noexcept { return counts_; }
  void written() {
    if (!taking_) owner_.send_later();
  }
  template <class M>
  void send(std::uint16_t channel, const M& method) {
    wire::amqp::append_method(out_, channel, method);
    written();
  }
  // Once the store has all that it was told: a client may count on it.
  template <class M>
  void send_when_stored(std::uint16_t channel, const M& method) {
    if (all_stored()) return send(channel, method);
    wire::amqp::append_method(held_, channel, method);
    held_for_ = shared_.store->told();
  }

 private:
  [[nodiscard]] bool all_stored() const { return !shared_.store || shared_.store->durable() >= shared_.store->told(); }
  void send_confirms();
  enum class State : std::uint8_t { header, start, tune, open, running, closing, over };

  void take_frame(const wire::amqp::Frame& frame);
  void take_connection_method(const wire::amqp::Method& method);
  void take_start_ok(const wire::amqp::ConnectionStartOk& method);
  void take_tune_ok(const wire::amqp::ConnectionTuneOk& method);
  void take_open(const wire::amqp::ConnectionOpen& method);
  void take_channel_frame(const wire::amqp::Frame& frame);
  void start();
  [[nodiscard]] bool log_in(const wire::amqp::ConnectionStartOk& method);
  void refuse_login(std::string_view text);
  void fail(const Refusal& refusal, std::uint16_t class_id, std::uint16_t method_id);

  Access& access_;
  Shared& shared_;
  SessionLimits limits_;
  SessionOwner& owner_;
  std::uint64_t number_;
  State state_ = State::header;
  VirtualHost* host_ = nullptr;
  std::string user_;
  std::string certificate_;
  std::string client_;
  SessionCounts counts_;
  std::string out_;
  std::map<std::uint16_t, std::unique_ptr<Channel>> channels_;
  std::string held_;  // an answer that waits until the store has held_for_
  std::uint64_t held_for_ = 0;
  std::uint32_t frame_max_;
  std::uint16_t channel_max_;
  std::uint16_t heartbeat_seconds_ = 0;
  bool taking_ = false;
  bool publishes_ = false;
  bool owes_confirms_ = false;
  bool held_back_ = false;      // a consumer was refused, as too much is unsent
  bool tells_cancels_ = false;  // the client knows basic.cancel from here
  bool tells_blocked_ = false;
  bool told_login_failures_ = false;
  bool blocked_ = false;
};

}  // namespace tutti::broker
