// The channel that the foreign WebSocket clients of this folder talk to.
#include <optional>
#include <string>
#include <variant>

#include <tutti/tutti.hpp>

namespace {

struct Say {
  std::string text;
};
struct Subscribe {
  std::string topic;
};
struct Publish {
  std::string topic;
  std::string text;
};
struct Burst {  // so many messages back, of so many bytes
  int count = 0;
  int bytes = 0;
};
struct Wait {
  std::int64_t ms = 0;
};
struct Leave {
  std::uint16_t code = 1000;
  std::string reason = "";
};
struct Fail {};

struct Welcome {
  std::string peer;
};
struct Said {
  std::string text;
};
struct Published {
  std::string topic;
  std::string text;
};

// What the request for a room says: in its path, its query and its headers.
struct Join {
  tutti::Text<1, 10> room;
  int limit = 0;
  std::optional<std::string> cookie = {};
};
constexpr auto describe(tutti::Of<Join>) { return tutti::about("", tutti::header("cookie", &Join::cookie)); }
struct Joined {
  std::string room;
  int limit;
  std::string cookie;
  std::string protocol;
};

using FromClient = std::variant<Say, Subscribe, Publish, Burst, Wait, Leave, Fail>;
using ToClient = std::variant<Welcome, Said, Published>;

inline constexpr tutti::Service service{"wire", "1.0"};
inline constexpr tutti::Channel<FromClient, ToClient> live{service, "live", "/live"};
inline constexpr tutti::Channel<FromClient, ToClient> last{service, "last", "/last"};
inline constexpr tutti::Channel<Say, std::variant<Said, Joined>, Join> room{service, "room", "/rooms/{room}"};
inline constexpr tutti::Channel<std::variant<Subscribe, Publish, Say, Fail>, ToClient> python{service, "python", "/ws"};

void received(tutti::Hub<ToClient> hub, tutti::Peer<ToClient>& peer, const FromClient& message) {
  if (const auto* say = std::get_if<Say>(&message)) {
    peer.send(Said{say->text});
  } else if (const auto* subscribe = std::get_if<Subscribe>(&message)) {
    peer.subscribe(subscribe->topic);
    peer.send(Said{"subscribed"});
  } else if (const auto* publish = std::get_if<Publish>(&message)) {
    hub.broadcast(publish->topic, Published{publish->topic, publish->text});
  } else if (const auto* burst = std::get_if<Burst>(&message)) {
    for (int i = 0; i < burst->count; ++i) {
      std::string text = std::to_string(i);
      text.resize(std::max<std::size_t>(text.size(), static_cast<std::size_t>(burst->bytes)), 'x');
      peer.send(Said{std::move(text)});
    }
  } else if (const auto* wait = std::get_if<Wait>(&message)) {
    tutti::sleep(std::chrono::milliseconds(wait->ms));
    peer.send(Said{"waited"});
  } else if (const auto* leave = std::get_if<Leave>(&message)) {
    peer.close(leave->code, leave->reason);
  } else {
    throw tutti::Error(tutti::Code::permission_denied, "not for you");
  }
}

void serve_rooms(tutti::App& app) {
  using ToRoom = std::variant<Said, Joined>;
  app.serve(room,
            [](tutti::Peer<ToRoom>& peer, const Say& say, const Join& join) {
              peer.send(Said{say.text + std::string(join.room)});
            },
            {.protocols = {"chat.v2", "chat.v1"}});
  app.opened(room, [](tutti::Peer<ToRoom>& peer, const Join& join) {
    peer.send(Joined{join.room, join.limit, join.cookie.value_or(""), std::string(peer.protocol())});
  });
}

// As a Nameko service with the methods subscribe, publish, say and fail.
void serve_nameko(tutti::App& app) {
  app.serve(python,
            [hub = app.hub(python)](tutti::Peer<ToClient>& peer,
                                    const std::variant<Subscribe, Publish, Say, Fail>& call) mutable {
              if (const auto* subscribe = std::get_if<Subscribe>(&call)) peer.subscribe(subscribe->topic);
              if (const auto* publish = std::get_if<Publish>(&call))
                hub.broadcast(publish->topic, Published{publish->topic, publish->text});
              if (const auto* say = std::get_if<Say>(&call)) peer.answer(Said{say->text});
              if (std::holds_alternative<Fail>(call)) throw tutti::Error(tutti::Code::permission_denied, "not for you");
            },
            {.frames = tutti::Frames::nameko});
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::main(argc, argv,
                     {service, [](tutti::App& app) {
                        const auto serve = [&app](const auto& channel, tutti::ChannelRules rules) {
                          app.serve(
                              channel,
                              [hub = app.hub(channel)](tutti::Peer<ToClient>& peer, const FromClient& message) {
                                received(hub, peer, message);
                              },
                              rules);
                          app.opened(channel,
                                     [](tutti::Peer<ToClient>& peer) { peer.send(Welcome{std::string(peer.id())}); });
                        };
                        serve(live, {});
                        serve(last, {.overflow = tutti::Overflow::drop_oldest});
                        serve_rooms(app);
                        serve_nameko(app);
                      }});
}
