// A channel of this shard: its handlers, the clients that are connected, and the topics that they subscribed to. How a
// client is connected is somebody else's matter: over a socket (net::WebSocketServer) or in a test's Bed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tutti/channel.hpp>
#include <tutti/metrics.hpp>
#include <tutti/trace.hpp>

#include "net/websocket_server.hpp"
#include "service/http_binding.hpp"

namespace tutti::detail {

class ChannelSession;
class Composition;

inline constexpr std::size_t topics_max = 1'000;  // that one client may be subscribed to

// A message on its way to clients wherever they are connected, encoded once.
struct Announcement {
  enum class To : std::uint8_t { everybody, topic, peer } to = To::everybody;
  std::string name = {};  // of the topic; the peer's id
  std::string text = {};
};

// Who connects.
struct Arrival {
  Identity identity = {};
  TraceContext trace = {};
  std::string request_id = {};
  std::string protocol = {};                    // the subprotocol that was agreed on
  std::shared_ptr<const void> handshake = {};  // of the channel's own type; null: it has none
};

class ServedChannel final : public HubCore {
 public:
  ServedChannel(const ChannelSpec& spec, Composition& composition);
  ~ServedChannel();
  ServedChannel(const ServedChannel&) = delete;
  ServedChannel& operator=(const ServedChannel&) = delete;

  [[nodiscard]] const ChannelSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::string_view full_name() const noexcept { return full_name_; }  // "notifications.live"
  [[nodiscard]] Composition& composition() noexcept { return composition_; }

  // Why somebody may not connect (ChannelRules::allow); empty: he may.
  [[nodiscard]] std::string refusal_of(const Identity& identity) const;
  // What the request for a connection says, into `arrival`.
  [[nodiscard]] Violations read_handshake(const wire::http1::RequestHead& head, const wire::http1::RouteMatch& match, Arrival& arrival) const;
  // One client; whoever connected it calls the session's functions.
  [[nodiscard]] std::unique_ptr<net::WebSocketSession> connect(Arrival arrival);
  // To clients of this shard. Does not wait.
  void deliver(const Announcement& announcement);

  // The same for every shard of the process.
  void deliver_in_process(const std::shared_ptr<const Announcement>& announcement);

  // HubCore: to all instances of the service.
  void broadcast(const void* message) override;
  void broadcast(std::string_view topic, const void* message) override;
  void unicast(std::string_view peer, const void* message) override;
  [[nodiscard]] std::size_t size() const override { return clients_.size(); }

  // Filled by App.
  std::optional<Handler> received, opened, closed;
  ChannelRules rules;

 private:
  friend class ChannelSession;
  using Clients = std::map<std::string, ChannelSession*, std::less<>>;  // by id: the same order in each run of a simulation

  [[nodiscard]] std::string encoded(const void* message) const;
  [[nodiscard]] std::string framed(std::string json) const;
  void announce(Announcement announcement);
  void subscribe(ChannelSession& session, std::string_view topic);
  void unsubscribe(ChannelSession& session, std::string_view topic);
  void leave_topic(ChannelSession& session, std::string_view topic) noexcept;
  void leave(ChannelSession& session) noexcept;
  void record(std::string_view handler, std::string_view error, std::chrono::nanoseconds duration);

  const ChannelSpec& spec_;
  Composition& composition_;
  std::string full_name_;
  std::string received_name_, opened_name_, closed_name_;  // "live.received": of spans and logs
  const MethodSpec handshake_method_;  // a GET that asks for as much
  std::optional<HttpBinding> handshake_;
  Histogram& durations_;
  Clients clients_;
  std::map<std::string, Clients, std::less<>> topics_;
};

}  // namespace tutti::detail
