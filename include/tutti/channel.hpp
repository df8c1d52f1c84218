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
#include <vector>

#include <tutti/context.hpp>
#include <tutti/contract.hpp>
#include <tutti/detail/handler.hpp>

namespace tutti {

// What becomes of a client that does not take its messages as fast as they come (tutti.websocket.queue_bytes_max).
enum class Overflow : std::uint8_t {
  close,        // the connection is closed with 1008: the client connects again and asks for what is now (default)
  drop_oldest,  // the oldest messages are lost: for values of which only the last counts
};

// How messages stand on the wire.
enum class Frames : std::uint8_t {
  typed,   // each is the JSON of its struct; those of a variant say which they are by "type" (default)
  nameko,  // as Nameko's browser clients have them: calls by method and data, results, events
};

struct ChannelRules {
  Overflow overflow = Overflow::close;
  std::string_view allow = {};  // the identity's permission that is demanded to connect; empty: everybody
  std::chrono::nanoseconds deadline = std::chrono::seconds(5);  // of each handler
  // Subprotocols (RFC 6455 section 1.9) that are spoken here. Of those that a client offers the first that is among them
  // is agreed on; one that offers only others is refused with 400, one that offers none is taken without.
  std::vector<std::string_view> protocols = {};
  Frames frames = Frames::typed;
};

namespace detail {

// A connected client, and all of them; src/service/channel.hpp.
class PeerCore {
 public:
  [[nodiscard]] virtual std::string_view id() const = 0;
  [[nodiscard]] virtual const Identity& identity() const = 0;
  [[nodiscard]] virtual std::string_view protocol() const = 0;
  virtual void answer(const Shape& shape, const void* result) = 0;
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
  // The subprotocol that was agreed on; empty: none.
  [[nodiscard]] std::string_view protocol() const { return core_->protocol(); }
  // What the message that is being handled is answered with, once the handler has returned; null otherwise. Only with
  // Frames::nameko, where each message is a call: elsewhere throws tutti::Error(failed_precondition).
  template <class Result>
  void answer(const Result& result) {
    core_->answer(detail::shape_of<Result>(), &result);
  }
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

// Whether a callable takes these, and behind them, if it wants, const Handshake& and const Context&, in this order.
template <class Handshake, class F, class... First>
constexpr bool takes_with() {
  if constexpr (!std::is_void_v<Handshake>) {
    if (std::is_invocable_v<F&, First..., const Handshake&, const Context&> ||
        std::is_invocable_v<F&, First..., const Handshake&>)
      return true;
  }
  return std::is_invocable_v<F&, First..., const Context&> || std::is_invocable_v<F&, First...>;
}

template <class Handshake, class F, class... First>
void call_with(F& callable, [[maybe_unused]] const void* handshake, [[maybe_unused]] const Context& context,
               First&&... first) {
  if constexpr (!std::is_void_v<Handshake>) {
    if constexpr (std::is_invocable_v<F&, First..., const Handshake&, const Context&>) {
      return (void)callable(std::forward<First>(first)..., *static_cast<const Handshake*>(handshake), context);
    } else if constexpr (std::is_invocable_v<F&, First..., const Handshake&>) {
      return (void)callable(std::forward<First>(first)..., *static_cast<const Handshake*>(handshake));
    }
  }
  if constexpr (std::is_invocable_v<F&, First..., const Context&>) {
    callable(std::forward<First>(first)..., context);
  } else if constexpr (std::is_invocable_v<F&, First...>) {
    callable(std::forward<First>(first)...);
  }
}

// The handler of a message: (Peer<Out>&, const In&) and, if it wants, const Handshake& and const Context&.
template <class Incoming, class Outgoing, class Handshake, class F>
Handler message_handler_of(F&& callable) {
  using State = std::decay_t<F>;
  static_assert(takes_with<Handshake, State, Peer<Outgoing>&, Incoming&&>(),
                "tutti: the handler of a channel takes tutti::Peer<Outgoing>& and const Incoming&, the channel's own "
                "types, and if they are wanted const Handshake& (of a channel that has one) and const tutti::Context&");
  return Handler(
      new State(std::forward<F>(callable)), [](void* state) noexcept { delete static_cast<State*>(state); },
      [](void* state, void* message, void*, const Context& context, void* core, void* handshake) {
        Peer<Outgoing> peer(*static_cast<PeerCore*>(core));
        auto&& incoming = static_cast<Incoming&&>(*static_cast<Incoming*>(message));
        call_with<Handshake>(*static_cast<State*>(state), handshake, context, peer, std::move(incoming));
      });
}

// What runs when a client comes or goes: (Peer<Out>&) and, if it wants, const Handshake& and const Context&.
template <class Outgoing, class Handshake, class F>
Handler peer_handler_of(F&& callable) {
  using State = std::decay_t<F>;
  static_assert(takes_with<Handshake, State, Peer<Outgoing>&>(),
                "tutti: this handler takes tutti::Peer<Outgoing>&, of the channel's own type, and if they are wanted "
                "const Handshake& (of a channel that has one) and const tutti::Context&");
  return Handler(
      new State(std::forward<F>(callable)), [](void* state) noexcept { delete static_cast<State*>(state); },
      [](void* state, void*, void*, const Context& context, void* core, void* handshake) {
        Peer<Outgoing> peer(*static_cast<PeerCore*>(core));
        call_with<Handshake>(*static_cast<State*>(state), handshake, context, peer);
      });
}

}  // namespace detail
}  // namespace tutti
