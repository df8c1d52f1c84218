// A chat with a room per path: what the handshake says, as a typed message.
#include <string>

#include <tutti/tutti.hpp>

namespace chat {

struct Say {
  tutti::Text<1, 1000> text;
};
struct Said {
  std::string text;
};
struct Join {
  tutti::Text<1, 40> room;
  int history = 0;  // /rooms/tea?history=20
  std::optional<std::string> cookie = {};
};
constexpr auto describe(tutti::Of<Join>) { return tutti::about("", tutti::header("cookie", &Join::cookie)); }

inline constexpr tutti::Service service{"chat", "1.0"};
inline constexpr tutti::Channel<Say, Said, Join> room{service, "room", "/rooms/{room}"};

class Chat {
 public:
  explicit Chat(tutti::Hub<Said> hub) : hub_(hub) {}

  void opened(tutti::Peer<Said>& peer, const Join& join) { peer.subscribe(join.room); }
  void received(tutti::Peer<Said>&, const Say& say, const Join& join) { hub_.broadcast(join.room, Said{say.text}); }

 private:
  tutti::Hub<Said> hub_;
};

void compose(tutti::App& app) {
  auto& chat = app.make<Chat>(app.hub(room));
  app.serve(room, chat, &Chat::received, {.protocols = {"chat.v1"}});
  app.opened(room, chat, &Chat::opened);
}

}  // namespace chat

int main(int argc, char** argv) { return tutti::main(argc, argv, {{chat::service, chat::compose}}); }
