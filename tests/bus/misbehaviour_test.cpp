// What a broker may do to a publisher: block, refuse, fall silent, close, talk nonsense.
#include "bus/given.hpp"
#include "bus/scripted_broker.hpp"

namespace tutti::bus::testing {
namespace {

using runtime::testing::message_of;
using runtime::testing::on_fiber;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace amqp = wire::amqp;

struct Misbehaviour : ::testing::Test {
  void run(const std::function<void()>& body, std::string_view uri = "amqp://127.0.0.1") {
    on_fiber(shard, [&] {
      broker.emplace(shard, *world::parse_address(broker_address));
      LinkRules rules = link_rules(uri);
      rules.report = [this](std::string_view sentence) { said.emplace_back(sentence); };
      publisher.emplace(shard, rules, PublisherRules{});
      body();
      publisher.reset();
      broker.reset();
    });
  }
  // What it threw, or the reason of its outcome.
  std::string publish(std::chrono::nanoseconds within = 5s) {
    one = {.exchange = "shop.events", .routing_key = "placed", .body = "x"};
    const std::string thrown = message_of([&] { publisher->publish(std::span(&one, 1), shard.now() + within); });
    return thrown.empty() ? one.reason : thrown;
  }
  void confirm(std::uint64_t tag) { broker->send(1, amqp::BasicAck{.delivery_tag = tag}); }

  world::SimulatedWorld world;
  runtime::Shard shard{world, {}};
  std::optional<ScriptedBroker> broker;
  std::optional<Publisher> publisher;
  std::vector<std::string> said;
  Publication one;
};

TEST_F(Misbehaviour, waits_while_the_broker_blocks_publishers) {
  run([&] {
    broker->on_publish = [&](std::uint64_t tag) { confirm(tag); };
    EXPECT_EQ(publish(), "");
    broker->send(0, amqp::ConnectionBlocked{.reason = "low on memory"});
    sleep(10ms);

    EXPECT_THAT(publish(), HasSubstr("the broker blocks publishers"));
    EXPECT_EQ(publisher->not_ready(), "the broker blocks publishers");
    broker->send(0, amqp::ConnectionUnblocked{});
    EXPECT_EQ(publish(), "");
    EXPECT_EQ(publisher->not_ready(), "");
  });
}

TEST_F(Misbehaviour, tells_a_message_that_the_broker_could_not_take) {
  run([&] {
    broker->on_publish = [&](std::uint64_t tag) { broker->send(1, amqp::BasicNack{.delivery_tag = tag}); };

    EXPECT_EQ(publish(), "the broker could not take the message");
    EXPECT_EQ(one.outcome, Publication::Outcome::refused);
  });
}

TEST_F(Misbehaviour, takes_one_confirm_for_several_messages) {
  run([&] {
    broker->on_publish = [&](std::uint64_t tag) {
      if (tag == 3) broker->send(1, amqp::BasicAck{.delivery_tag = 3, .multiple = true});
    };
    std::vector<Publication> three(3, Publication{.exchange = "shop.events", .routing_key = "placed", .body = "x"});
    publisher->publish(three, shard.now() + 5s);

    EXPECT_EQ(publisher->figures().confirmed, 3u);
  });
}

TEST_F(Misbehaviour, takes_confirms_out_of_order_and_of_messages_that_are_none) {
  run([&] {
    broker->on_publish = [&](std::uint64_t tag) {
      if (tag != 2) return;
      for (const std::uint64_t confirmed : {0, 99, 2, 2, 1}) confirm(confirmed);
    };
    std::vector<Publication> two(2, Publication{.exchange = "shop.events", .routing_key = "placed", .body = "x"});
    publisher->publish(two, shard.now() + 5s);

    EXPECT_EQ(publisher->figures().confirmed, 2u);
    EXPECT_EQ(publisher->figures().waiting, 0u);
  });
}

TEST_F(Misbehaviour, connects_anew_to_a_broker_that_falls_silent_and_sends_again) {
  run(
      [&] {
        broker->heartbeat = 4;
        broker->on_publish = [&](std::uint64_t tag) {
          if (broker->connections > 1) confirm(tag);
        };

        EXPECT_EQ(publish(20s), "");
        EXPECT_EQ(broker->connections, 2);
        EXPECT_EQ(publisher->figures().sent_again, 1u);
        EXPECT_THAT(said, ElementsAre("the broker 127.0.0.1:5672 was silent for two heartbeats",
                                      "connected to the broker 127.0.0.1:5672 again"));
      },
      "amqp://127.0.0.1?heartbeat=4");
}

TEST_F(Misbehaviour, says_why_the_broker_closed_the_connection) {
  run([&] {
    broker->on_publish = [&](std::uint64_t tag) {
      if (broker->connections > 1) return confirm(tag);
      broker->send(0, amqp::ConnectionClose{.reply_code = 320, .reply_text = "CONNECTION_FORCED - shutdown"});
    };

    EXPECT_EQ(publish(), "");
    EXPECT_THAT(said.front(), HasSubstr("closed the connection: 320 CONNECTION_FORCED - shutdown"));
  });
}

TEST_F(Misbehaviour, gives_up_a_connection_on_which_nonsense_comes) {
  run([&] {
    broker->on_publish = [&](std::uint64_t tag) {
      if (broker->connections > 1) return confirm(tag);
      broker->send_bytes("HTTP/1.1 400 Bad Request\r\n\r\n");
    };

    EXPECT_EQ(publish(), "");
    EXPECT_THAT(said.front(), HasSubstr("sent what is no AMQP"));
  });
}

TEST_F(Misbehaviour, declares_its_exchanges_anew_when_the_channel_was_closed) {
  run([&] {
    broker->on_publish = [&](std::uint64_t tag) {
      if (broker->connections > 1) return confirm(tag);
      broker->send(1, amqp::ChannelClose{.reply_code = 404, .reply_text = "NOT_FOUND - no exchange"});
    };

    EXPECT_EQ(publish(), "");
    EXPECT_THAT(said.front(), HasSubstr("the broker refuses messages: 404 NOT_FOUND - no exchange"));
  });
}

}  // namespace
}  // namespace tutti::bus::testing
