#include "service/channel.hpp"

#include <set>
#include <utility>

#include <tutti/error.hpp>

#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "observe/trace/tracer.hpp"
#include "service/dispatcher.hpp"
#include "service/environment.hpp"
#include "service/host.hpp"
#include "service/nameko_channel.hpp"
#include "service/nameko_exceptions.hpp"
#include "service/value.hpp"
#include "wire/codes.hpp"
#include "wire/nameko/socket_frame.hpp"
#include "wire/websocket/frame.hpp"

namespace tutti::detail {
namespace {

namespace close_code = wire::websocket::close_code;
namespace nameko = wire::nameko;

// What a client is told of a handler that failed: whether to come back, or that it asked for what it may not.
std::uint16_t close_code_of(Code code) noexcept {
  switch (code) {
    case Code::unavailable:
    case Code::resource_exhausted:
      return close_code::try_again_later;
    case Code::internal:
    case Code::unknown:
    case Code::data_loss:
    case Code::unimplemented:
    case Code::deadline_exceeded:
    case Code::aborted:
      return close_code::internal_error;
    default:
      return close_code::policy_violation;
  }
}

}  // namespace

// One client. Lives on its connection, which calls one function after the other on a fiber.
class ChannelSession final : public net::WebSocketSession, private PeerCore {
 public:
  ChannelSession(ServedChannel& channel, Arrival arrival)
      : channel_(channel), arrival_(std::move(arrival)), id_(environment().world().random().id()) {}
  ~ChannelSession() override { channel_.leave(*this); }

  void opened(net::WebSocket& socket) override {
    socket_ = &socket;
    channel_.clients_.emplace(id_, this);
    if (channel_.rules.frames == Frames::nameko) {
      send_frame(nameko::socket_event(nameko::connected_event, "{\"socket_id\":\"" + id_ + "\"}"));
    }
    if (channel_.opened) close_after(run(*channel_.opened, channel_.opened_name_, nullptr));
  }

  void received(wire::websocket::MessageKind kind, std::string text) override {
    if (socket_ == nullptr) return;
    if (kind != wire::websocket::MessageKind::text) return refuse(close_code::unsupported_data, "messages of this channel are JSON texts");
    const Shape& shape = channel_.spec_.incoming();
    if (channel_.rules.frames == Frames::nameko) return received_call(text);
    Value message(shape);
    message.construct();
    if (const Violations violations = message::read_json(shape, message.get(), text); !violations.empty()) {
      return refuse(close_code::policy_violation, violations.to_string());
    }
    close_after(run(*channel_.received, channel_.received_name_, message.get()));
  }

  void closed(std::uint16_t code, std::string_view reason) override {
    socket_ = nullptr;
    channel_.leave(*this);
    channel_.composition_.log().debug("a client has left its channel",
                                      {{"tutti.channel", channel_.full_name_}, {"tutti.peer", id_}, {"tutti.close_code", code}, {"tutti.close_reason", reason}});
    if (channel_.closed) (void)run(*channel_.closed, channel_.closed_name_, nullptr);
  }

  void send_text(net::WebSocketMessage& message) {
    if (socket_) socket_->send(message);
  }

 private:
  friend class ServedChannel;

  std::string_view id() const override { return id_; }
  const Identity& identity() const override { return arrival_.identity; }
  std::string_view protocol() const override { return arrival_.protocol; }
  void send(const void* message) override {
    send_frame(channel_.framed(channel_.encoded(message)));
  }
  void answer(const Shape& shape, const void* result) override {
    if (!called_) throw Error(Code::failed_precondition, "nothing is called on the channel " + channel_.full_name_ + " that could be answered; use send");
    std::string json;
    if (const Violations violations = message::write_json(shape, result, json); !violations.empty()) {
      throw Error(Code::invalid_argument, "an answer of the channel " + channel_.full_name_ + " breaks its contract: " + violations.to_string());
    }
    answer_ = std::move(json);
  }
  void close(std::uint16_t code, std::string_view reason) override {
    if (code != close_code::normal && (code < 4000 || code > 4999)) {
      throw Error(Code::invalid_argument, "the close code is " + std::to_string(code) + "; expected 1000, or one of your own from 4000 to 4999");
    }
    if (socket_) socket_->close(code, reason);
  }
  void subscribe(std::string_view topic) override { channel_.subscribe(*this, topic); }
  void unsubscribe(std::string_view topic) override { channel_.unsubscribe(*this, topic); }

  Environment& environment() const { return channel_.composition_.host().environment(); }

  void refuse(std::uint16_t code, const std::string& why) {
    channel_.record(channel_.received_name_, "invalid_argument", std::chrono::nanoseconds(0));
    channel_.composition_.log().debug("a client's message was refused", {{"tutti.channel", channel_.full_name_}, {"tutti.peer", id_}, {"error.message", why}});
    socket_->close(code, why);
  }

  void send_frame(std::string text) {
    net::WebSocketMessage message(std::move(text));
    send_text(message);
  }

  // A call in Nameko's frames: whatever becomes of it, it is answered and the connection stays.
  void received_call(std::string_view text) {
    const nameko::SocketCall call = nameko::parse_socket_call(text);
    answer_ = "null";
    const auto failed = call_named(call);
    send_frame(failed ? nameko::socket_failure(*failed, call.fault.empty() ? call.correlation_id : "null") : nameko::socket_result(answer_, call.correlation_id));
  }

  std::optional<nameko::Failure> call_named(const nameko::SocketCall& call) {
    if (!call.fault.empty()) return nameko_exception(nameko::malformed_request, std::string(call.fault));
    const Shape& shape = channel_.spec_.incoming();
    Value message(shape);
    message.construct();
    const auto named = message_named(shape, message.get(), call.method);
    if (!named) return nameko::Failure{.exc_type = "MethodNotFound", .exc_path = std::string(nameko::method_not_found)};
    const nameko::Bound bound = nameko::bind_arguments(call.method, *named->shape, {.args = "[]", .kwargs = call.data});
    if (!bound.fault.empty()) return nameko_exception(nameko::incorrect_signature, bound.fault);
    if (const Violations violations = message::read_json(*named->shape, named->at, bound.message); !violations.empty()) {
      return nameko_exception_of({.code = Code::invalid_argument, .message = violations.to_string()});
    }
    called_ = true;
    const Failure failure = run(*channel_.received, channel_.received_name_, message.get());
    called_ = false;
    if (failure.failed()) return nameko_exception_of(failure);
    return std::nullopt;
  }

  void close_after(const Failure& failure) {
    if (failure.failed() && socket_) socket_->close(close_code_of(failure.code), failure.message);
  }

  Failure run(const Handler& handler, std::string_view name, void* message) {
    runtime::Shard& shard = channel_.composition_.host().shard();
    const Instant started = shard.read_clock();
    CallState state{.composition = &channel_.composition_, .entry = EntryPoint::websocket};
    state.deadline = started + channel_.rules.deadline;
    state.identity = arrival_.identity;
    state.request_id = arrival_.request_id;
    Span span = environment().tracer().start(name, SpanKind::server, arrival_.trace);
    state.trace = span.context();
    struct Bound {
      const Handler& handler;
      void* message;
      PeerCore* peer;
      const void* handshake;
    } bound{handler, message, this, arrival_.handshake.get()};
    Failure failure = dispatch_raw(channel_.composition_, state, name, &bound, [](void* self, const Context& context) {
      auto& b = *static_cast<Bound*>(self);
      b.handler(b.message, nullptr, context, b.peer, const_cast<void*>(b.handshake));
    });
    channel_.record(name, failure.failed() ? wire::rpc_name_of(failure.code) : std::string_view(), shard.read_clock() - started);
    if (failure.failed()) span.fail(failure.message);
    return failure;
  }

  ServedChannel& channel_;
  const Arrival arrival_;
  const std::string id_;
  std::set<std::string, std::less<>> topics_;
  net::WebSocket* socket_ = nullptr;  // while the client is connected
  bool called_ = false;               // a call is being handled
  std::string answer_;                // to it, JSON
};

ServedChannel::ServedChannel(const ChannelSpec& spec, Composition& composition)
    : spec_(spec),
      composition_(composition),
      full_name_(std::string(spec.service->name) + "." + std::string(spec.name)),
      received_name_(std::string(spec.name) + ".received"),
      opened_name_(std::string(spec.name) + ".opened"),
      closed_name_(std::string(spec.name) + ".closed"),
      handshake_method_{.service = spec.service, .name = spec.name, .route = {.verb = Verb::get, .path = spec.path}, .rules = {}, .request = spec.handshake, .reply = nullptr, .stream_in = nullptr, .stream_out = nullptr, .errors = {}},
      durations_(composition.metrics().histogram("tutti.websocket.handler.duration",
                                                 {.unit = "s", .description = "Handlers of a channel: clients that come and go, and their messages"})) {
  if (spec.handshake) handshake_.emplace(handshake_method_, spec.path);
}

ServedChannel::~ServedChannel() = default;

std::string ServedChannel::refusal_of(const Identity& identity) const {
  if (rules.allow.empty() || identity.may(rules.allow)) return {};
  return "\"" + identity.name + "\" may not connect to " + full_name_ + "; it needs the permission \"" + std::string(rules.allow) + "\"";
}

Violations ServedChannel::read_handshake(const wire::http1::RequestHead& head, const wire::http1::RouteMatch& match, Arrival& arrival) const {
  if (!handshake_) return {};
  const auto value = std::make_shared<Value>(spec_.handshake());
  value->construct();
  Violations violations = handshake_->read(head, &match, {}, value->get());
  arrival.handshake = std::shared_ptr<const void>(value, value->get());
  return violations;
}

std::unique_ptr<net::WebSocketSession> ServedChannel::connect(Arrival arrival) {
  return std::make_unique<ChannelSession>(*this, std::move(arrival));
}

std::string ServedChannel::encoded(const void* message) const {
  std::string text;
  if (const Violations violations = message::write_json(spec_.outgoing(), message, text); !violations.empty()) {
    throw Error(Code::invalid_argument, "a message of the channel " + full_name_ + " breaks its contract: " + violations.to_string());
  }
  return text;
}

// A message's JSON as it goes to clients.
std::string ServedChannel::framed(std::string json) const {
  return rules.frames == Frames::nameko ? event_frame_of(spec_.outgoing(), json) : std::move(json);
}

void ServedChannel::broadcast(const void* message) { announce({.text = encoded(message)}); }
void ServedChannel::broadcast(std::string_view topic, const void* message) {
  announce({.to = Announcement::To::topic, .name = std::string(topic), .text = encoded(message)});
}
void ServedChannel::unicast(std::string_view peer, const void* message) {
  announce({.to = Announcement::To::peer, .name = std::string(peer), .text = encoded(message)});
}

// The one place that knows where clients can be connected: to this process or to another instance of the service.
void ServedChannel::announce(Announcement announcement) {
  const auto shared = std::make_shared<const Announcement>(std::move(announcement));
  deliver_in_process(shared);
  composition_.host().bus().announce(*this, shared);
}

void ServedChannel::deliver_in_process(const std::shared_ptr<const Announcement>& announcement) {
  deliver(*announcement);
  Host& mine = composition_.host();
  for (Host* other : mine.environment().hosts()) {
    if (other == &mine) continue;
    other->shard().post([other, announcement, &spec = spec_] {
      Composition* const composition = other->composition(spec.service->name);
      if (ServedChannel* const channel = composition ? composition->find_channel(spec.name) : nullptr) channel->deliver(*announcement);
    });
  }
}

void ServedChannel::deliver(const Announcement& announcement) {
  net::WebSocketMessage message(framed(announcement.text));
  const auto send_to = [&message](const Clients& clients) {
    for (const auto& [id, client] : clients) client->send_text(message);
  };
  switch (announcement.to) {
    case Announcement::To::everybody:
      return send_to(clients_);
    case Announcement::To::topic:
      if (const auto topic = topics_.find(announcement.name); topic != topics_.end()) send_to(topic->second);
      return;
    case Announcement::To::peer:
      if (const auto client = clients_.find(announcement.name); client != clients_.end()) client->second->send_text(message);
      return;
  }
}

void ServedChannel::subscribe(ChannelSession& session, std::string_view topic) {
  if (session.socket_ == nullptr) return;
  if (session.topics_.size() >= topics_max && !session.topics_.contains(topic)) {
    throw Error(Code::resource_exhausted, "a client of " + full_name_ + " is subscribed to " + std::to_string(topics_max) + " topics, which is the most");
  }
  session.topics_.emplace(topic);
  topics_[std::string(topic)].emplace(session.id_, &session);
}

void ServedChannel::unsubscribe(ChannelSession& session, std::string_view topic) {
  const auto subscribed = session.topics_.find(topic);
  if (subscribed == session.topics_.end()) return;
  leave_topic(session, topic);
  session.topics_.erase(subscribed);
}

void ServedChannel::leave_topic(ChannelSession& session, std::string_view topic) noexcept {
  const auto clients = topics_.find(topic);
  if (clients == topics_.end()) return;  // out of memory while it subscribed
  clients->second.erase(session.id_);
  if (clients->second.empty()) topics_.erase(clients);
}

void ServedChannel::leave(ChannelSession& session) noexcept {
  clients_.erase(session.id_);
  for (const std::string& topic : session.topics_) leave_topic(session, topic);
  session.topics_.clear();
}

void ServedChannel::record(std::string_view handler, std::string_view error, std::chrono::nanoseconds duration) {
  if (error.empty()) return durations_.record(duration, {{"tutti.handler", handler}});
  durations_.record(duration, {{"tutti.handler", handler}, {"error.type", error}});
}

}  // namespace tutti::detail
