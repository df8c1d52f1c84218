// Channels in a Bed: what a service says to its clients, and what becomes of those that say what they must not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include <tutti/testing.hpp>

namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tutti::testing::Bed;

namespace chat {

struct Join {
  tutti::Text<1, 20> room;
};
struct Leave {
  std::string room;
};
struct Say {
  std::string room;
  std::string text;
};
struct Whisper {
  std::string peer;
  std::string text;
};
struct Sleep {
  std::int64_t ms = 0;
};
struct Quit {};

struct Hello {
  std::string peer;
  std::string name;
};
struct Heard {
  std::string text;
};

struct Enter {
  tutti::Text<1, 8> room;
  std::optional<int> limit = {};
};

using FromClient = std::variant<Join, Leave, Say, Whisper, Sleep, Quit>;
using ToClient = std::variant<Hello, Heard>;

inline constexpr tutti::Service service{"chat", "1.0"};
inline constexpr tutti::Channel<FromClient, ToClient> live{service, "live", "/live"};
inline constexpr tutti::Channel<FromClient, ToClient> staff{service, "staff", "/staff"};
inline constexpr tutti::Channel<Say, Heard, Enter> room{service, "room", "/rooms/{room}"};
inline constexpr tutti::Channel<FromClient, ToClient> python{service, "python", "/ws"};
inline constexpr tutti::Event<Say> announced{service, "announced"};

class Chat {
 public:
  explicit Chat(tutti::Hub<ToClient> hub) : hub_(hub) {}

  void opened(tutti::Peer<ToClient>& peer) { peer.send(Hello{std::string(peer.id()), peer.identity().name}); }
  void received(tutti::Peer<ToClient>& peer, const FromClient& message, const tutti::Context& context) {
    if (const auto* join = std::get_if<Join>(&message)) {
      if (join->room == "closed") throw tutti::Error(tutti::Code::permission_denied, "nobody may enter");
      peer.subscribe(join->room);
    } else if (const auto* leave = std::get_if<Leave>(&message)) {
      peer.unsubscribe(leave->room);
    } else if (const auto* say = std::get_if<Say>(&message)) {
      hub_.broadcast(say->room, Heard{say->text});
    } else if (const auto* whisper = std::get_if<Whisper>(&message)) {
      hub_.unicast(whisper->peer, Heard{whisper->text});
    } else if (const auto* sleep = std::get_if<Sleep>(&message)) {
      tutti::sleep(std::chrono::milliseconds(sleep->ms));
      peer.send(Heard{"slept"});
    } else {
      context.log().info("quits");
      peer.close(4000, "as you wish");
    }
  }
  void closed(tutti::Peer<ToClient>& peer) {
    peer.send(Heard{"lost"});
    hub_.broadcast(Heard{"one has gone; here are " + std::to_string(hub_.size())});
  }
  void announce(const Say& say) { hub_.broadcast(say.room, Heard{say.text}); }

 private:
  tutti::Hub<ToClient> hub_;
};

void compose(tutti::App& app) {
  auto& chat = app.make<Chat>(app.hub(live));
  app.serve(live, chat, &Chat::received);
  app.opened(live, chat, &Chat::opened);
  app.closed(live, chat, &Chat::closed);
  app.on(announced, chat, &Chat::announce);
  app.serve(staff, [](tutti::Peer<ToClient>& peer, FromClient&&) { peer.send(Heard{"staff"}); },
            {.allow = "chat:staff"});
  app.serve(room, [](tutti::Peer<Heard>& peer, const Say& say, const Enter& enter) {
    peer.send(Heard{say.text + " in " + std::string(enter.room)});
  });
  app.opened(room, [](tutti::Peer<Heard>& peer, const Enter& enter, const tutti::Context&) {
    peer.send(Heard{"at most " + std::to_string(enter.limit.value_or(0))});
  });
  app.serve(python, chat, &Chat::received, {.frames = tutti::Frames::nameko});
}

}  // namespace chat

using Client = tutti::testing::ChannelClient<chat::FromClient, chat::ToClient>;

// The texts that a client has heard.
std::vector<std::string> heard(Client& client) {
  std::vector<std::string> texts;
  for (const chat::ToClient& message : client.received()) {
    if (const auto* one = std::get_if<chat::Heard>(&message)) texts.push_back(one->text);
  }
  return texts;
}
std::string id_of(Client& client) { return std::get<chat::Hello>(client.received().at(0)).peer; }

struct BedChannels : ::testing::Test {
  Bed bed{{chat::service, chat::compose}};
};

TEST_F(BedChannels, greets_who_comes) {
  bed.act_as({.name = "ada"});

  auto ada = bed.connect(chat::live);

  ASSERT_EQ(ada.received().size(), 1u);
  EXPECT_EQ(std::get<chat::Hello>(ada.received()[0]).name, "ada");
  EXPECT_FALSE(ada.closed());
}

TEST_F(BedChannels, broadcasts_to_those_who_subscribed_until_they_leave) {
  auto ada = bed.connect(chat::live), bob = bed.connect(chat::live), eve = bed.connect(chat::live);
  ada.send(chat::Join{"tea"});
  bob.send(chat::Join{"tea"});

  ada.send(chat::Say{"tea", "first"});
  bob.send(chat::Leave{"tea"});
  ada.send(chat::Say{"tea", "second"});

  EXPECT_THAT(heard(ada), ElementsAre("first", "second"));
  EXPECT_THAT(heard(bob), ElementsAre("first"));
  EXPECT_THAT(heard(eve), IsEmpty());
}

TEST_F(BedChannels, tells_one_alone) {
  auto ada = bed.connect(chat::live), bob = bed.connect(chat::live);

  ada.send(chat::Whisper{id_of(bob), "psst"});
  ada.send(chat::Whisper{"nobody", "psst"});

  EXPECT_THAT(heard(bob), ElementsAre("psst"));
  EXPECT_THAT(heard(ada), IsEmpty());
}

TEST_F(BedChannels, tells_clients_what_an_event_says) {
  auto ada = bed.connect(chat::live);
  ada.send(chat::Join{"tea"});

  bed.publish(chat::announced, {.room = "tea", .text = "it is ready"});

  EXPECT_THAT(heard(ada), ElementsAre("it is ready"));
}

TEST_F(BedChannels, lets_a_handler_wait_within_its_deadline) {
  auto ada = bed.connect(chat::live);
  const tutti::Time before = bed.now();

  ada.send(chat::Sleep{1'000});
  EXPECT_THAT(heard(ada), ElementsAre("slept"));
  EXPECT_EQ((bed.now() - before), std::chrono::seconds(1));

  ada.send(chat::Sleep{6'000});
  EXPECT_EQ(ada.closed(), 1011);
}

TEST_F(BedChannels, tells_the_others_that_one_has_gone) {
  auto ada = bed.connect(chat::live), bob = bed.connect(chat::live);
  ada.send(chat::Join{"tea"});

  ada.close();
  bob.send(chat::Say{"tea", "to nobody"});

  EXPECT_EQ(ada.closed(), 1000);
  EXPECT_THAT(heard(ada), IsEmpty()) << "what is sent to it is lost";
  EXPECT_THAT(heard(bob), ElementsAre("one has gone; here are 1"));
  EXPECT_THROW(ada.send(chat::Quit{}), tutti::Error);
}

TEST_F(BedChannels, closes_with_what_the_handler_says) {
  auto ada = bed.connect(chat::live);
  ada.send(chat::Quit{});
  EXPECT_EQ(ada.closed(), 4000);
  EXPECT_THAT(bed.log(), Contains(HasSubstr("live.received")));
}

TEST_F(BedChannels, closes_a_client_whose_message_is_refused) {
  auto ada = bed.connect(chat::live), bob = bed.connect(chat::live), eve = bed.connect(chat::live);

  ada.send_text(R"({"type":"Join","room":""})");
  bob.send_text("{");
  eve.send(chat::Join{"closed"});

  EXPECT_EQ(ada.closed(), 1008);
  EXPECT_EQ(bob.closed(), 1008);
  EXPECT_EQ(eve.closed(), 1008);
}

TEST_F(BedChannels, lets_in_only_who_may) {
  bed.act_as({.name = "ada", .permissions = {"chat:staff"}});
  auto ada = bed.connect(chat::staff);
  ada.send(chat::Quit{});
  EXPECT_THAT(heard(ada), ElementsAre("staff"));

  bed.act_as({.name = "bob"});
  EXPECT_THROW((void)bed.connect(chat::staff), tutti::Error);
  bed.act_as({});
  EXPECT_THROW((void)bed.connect(chat::staff), tutti::Error);
}

TEST(BedChannelMistakes, are_found_when_the_service_starts) {
  const auto refusal = [](const std::function<void(tutti::App&)>& compose) -> std::string {
    try {
      Bed bed{{chat::service, compose}};
    } catch (const tutti::Error& error) {
      return error.what();
    }
    return "it started";
  };
  const auto handler = [](tutti::Peer<chat::ToClient>&, const chat::FromClient&) {};
  static constexpr tutti::Service other{"other", "1.0"};
  static constexpr tutti::Channel<chat::FromClient, chat::ToClient> foreign{other, "live", "/other"};

  EXPECT_THAT(refusal([](tutti::App& app) { (void)app.hub(chat::live); }), HasSubstr("chat.live is not served"));
  EXPECT_THAT(refusal([&](tutti::App& app) {
                app.serve(chat::live, handler);
                app.serve(chat::live, handler);
              }),
              HasSubstr("\"chat.live\" has a handler twice"));
  EXPECT_THAT(refusal([&](tutti::App& app) { app.serve(foreign, handler); }),
              HasSubstr("a channel of another service"));
}

TEST(BedChannelMistakes, include_exceptions_that_a_handler_lets_out) {
  Bed bed{{chat::service, [](tutti::App& app) {
             app.serve(chat::live,
                       [](tutti::Peer<chat::ToClient>&, const chat::FromClient&) { throw std::runtime_error("oops"); });
           }}};
  bed.expect_problem("chat.live.received let std::runtime_error: oops out");
  auto ada = bed.connect(chat::live);
  ada.send(chat::Quit{});
  EXPECT_EQ(ada.closed(), 1011);
}

TEST_F(BedChannels, gives_handlers_what_the_request_for_the_connection_said) {
  auto ada = bed.connect(chat::room, {.room = "tea", .limit = 3});

  ada.send(chat::Say{"", "hello"});

  ASSERT_EQ(ada.received().size(), 2u);
  EXPECT_EQ(ada.received()[0].text, "at most 3");
  EXPECT_EQ(ada.received()[1].text, "hello in tea");
}

TEST_F(BedChannels, speaks_namekos_frames_to_the_same_handlers) {
  auto ada = bed.connect(chat::python);

  ada.send(chat::Sleep{5});
  ada.send_text(R"({"method":"join","data":{"room":"closed"},"correlation_id":1})");  // answered, and open still
  ada.send_text("garbage");
  bed.publish(chat::announced, {"tea", "nobody is there"});

  EXPECT_THAT(heard(ada), ElementsAre("slept"));
  EXPECT_FALSE(ada.closed());
}

}  // namespace
