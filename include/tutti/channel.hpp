// Channels: messages both ways over a WebSocket, typed by the contract.
//
//   using FromBrowser = std::variant<Subscribe, Unsubscribe>;
//   using ToBrowser = std::variant<Welcome, Status>;
//   inline constexpr tutti::Channel<FromBrowser, ToBrowser> live{service, "live", "/live"};
//
//   // void received(tutti::Peer<ToBrowser>&, const FromBrowser&)
//   app.serve(live, notifications, &Notifications::received);
//   auto hub = app.hub(live);
//   hub.broadcast("orders/17", Status{...});
//
// On the wire a message is a JSON text; those of a variant say which they are:
// {"type": "Subscribe", "topic": "orders/17"}.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tutti/context.hpp>
#include <tutti/contract.hpp>
#include <tutti/detail/handler.hpp>

namespace tutti {

// What becomes of a client that does not take its messages as fast as they come (tutti.websocket.queue_bytes_max).
enum class Overflow : std::uint8_t {
  close,        // the connection is closed with 1008: the client connects again and asks for what is now (default)
  drop_oldest,  // the oldest messages are lost: for values of which only the last counts
};

struct ChannelRules {
  Overflow overflow = Overflow::close;
  std::string_view allow = {};  // the identity's permission that is demanded to connect; empty: everybody
  std::chrono::nanoseconds deadline = std::chrono::seconds(5);  // of each handler
};

namespace detail {

// A connected client, and all of them; src/service/channel.hpp.
class PeerCore {
 public:
  [[nodiscard]] virtual std::string_view id() const = 0;
  [[nodiscard]] virtual const Identity& identity() const = 0;
  virtual void send(const void* message) = 0;
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  virtual void subscribe(std::string_view topic) = 0;
  virtual void unsubscribe(std::string_view topic) = 0;

 protected:
  ~PeerCore() = default;
};
class HubCore {
 public:
  virtual void broadcast(const void* message) = 0;
  virtual void broadcast(std::string_view topic, const void* message) = 0;
  virtual void unicast(std::string_view peer, const void* message) = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;

 protected:
  ~HubCore() = default;
};

}  // namespace detail

// A connected client, for as long as a handler of its channel runs. What outlives that keeps the id.
template <class Outgoing>
class Peer {
 public:
  explicit Peer(detail::PeerCore& core) noexcept : core_(&core) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Unique for all instances of the service.
  [[nodiscard]] std::string_view id() const { return core_->id(); }
  [[nodiscard]] const Identity& identity() const { return core_->identity(); }
  // Does not wait: the message is queued. Lost without a word if the client has gone. Throws
  // tutti::Error(invalid_argument) for a message that breaks its contract.
  void send(const Outgoing& message) { core_->send(&message); }
  // From now on the client gets what is broadcast to this topic; until it leaves.
  void subscribe(std::string_view topic) { core_->subscribe(topic); }
  void unsubscribe(std::string_view topic) { core_->unsubscribe(topic); }
  // What was sent leaves before; nothing more is received. Codes: 1000, or one of your own from 4000 to 4999.
  void close(std::uint16_t code = 1000, std::string_view reason = {}) { core_->close(code, reason); }

 private:
  detail::PeerCore* core_;
};

// All clients of a channel. A handle: copy it as you like, it is good as long as the service lives. What is sent
// reaches every client of this process, whichever shard it is connected to, and with a broker (tutti.broker.uri) those of
// all instances of the service, at most once. Nothing waits; errors are those of Peer::send.
template <class Outgoing>
class Hub {
 public:
  explicit Hub(detail::HubCore& core) noexcept : core_(&core) {}

  void broadcast(const Outgoing& message) { core_->broadcast(&message); }
  // To those who subscribed to the topic.
  void broadcast(std::string_view topic, const Outgoing& message) { core_->broadcast(topic, &message); }
  // To one; lost without a word if it has gone.
  void unicast(std::string_view peer_id, const Outgoing& message) { core_->unicast(peer_id, &message); }
  // Clients of this shard.
  [[nodiscard]] std::size_t size() const { return core_->size(); }

 private:
  detail::HubCore* core_;
};

namespace detail {

// The handler of a message: (Peer<Out>&, const In&) and, if it wants, const Context&.
template <class Incoming, class Outgoing, class F>
Handler message_handler_of(F&& callable) {
  using State = std::decay_t<F>;
  constexpr bool with_context = std::is_invocable_v<State&, Peer<Outgoing>&, Incoming&&, const Context&>;
  static_assert(with_context || std::is_invocable_v<State&, Peer<Outgoing>&, Incoming&&>,
                "tutti: the handler of a channel takes tutti::Peer<Outgoing>& and const Incoming&, the channel's own "
                "types, and const tutti::Context& if it is wanted");
  return Handler(
      new State(std::forward<F>(callable)), [](void* state) noexcept { delete static_cast<State*>(state); },
      [](void* state, void* message, void*, [[maybe_unused]] const Context& context, void* core, void*) {
        Peer<Outgoing> peer(*static_cast<PeerCore*>(core));
        auto&& incoming = static_cast<Incoming&&>(*static_cast<Incoming*>(message));
        if constexpr (with_context) {
          (*static_cast<State*>(state))(peer, std::move(incoming), context);
        } else if constexpr (std::is_invocable_v<State&, Peer<Outgoing>&, Incoming&&>) {
          (*static_cast<State*>(state))(peer, std::move(incoming));
        }
      });
}

// What runs when a client comes or goes: (Peer<Out>&) and, if it wants, const Context&.
template <class Outgoing, class F>
Handler peer_handler_of(F&& callable) {
  using State = std::decay_t<F>;
  constexpr bool with_context = std::is_invocable_v<State&, Peer<Outgoing>&, const Context&>;
  static_assert(with_context || std::is_invocable_v<State&, Peer<Outgoing>&>,
                "tutti: this handler takes tutti::Peer<Outgoing>&, of the channel's own type, and const "
                "tutti::Context& if it is wanted");
  return Handler(
      new State(std::forward<F>(callable)), [](void* state) noexcept { delete static_cast<State*>(state); },
      [](void* state, void*, void*, [[maybe_unused]] const Context& context, void* core, void*) {
        Peer<Outgoing> peer(*static_cast<PeerCore*>(core));
        if constexpr (with_context) {
          (*static_cast<State*>(state))(peer, context);
        } else if constexpr (std::is_invocable_v<State&, Peer<Outgoing>&>) {
          (*static_cast<State*>(state))(peer);
        }
      });
}

}  // namespace detail
}  // namespace tutti
