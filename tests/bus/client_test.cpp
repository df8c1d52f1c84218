// The publisher and the consumer against the embedded broker: what is confirmed, what comes again, what a cut costs.
#include <algorithm>

#include "bus/given.hpp"

namespace tutti::bus::testing {
namespace {

using runtime::testing::code_thrown_by;
using runtime::testing::message_of;
using runtime::testing::on_fiber;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Client : ::testing::Test {
  void run(const std::function<void()>& body) {
    on_fiber(shard, [&] {
      broker.emplace(shard);
      body();
      consumer.reset();
      publisher.reset();
      broker.reset();
    });
  }
  void publish(std::string_view key, std::string_view body, std::string_view exchange = "shop.events") {
    const std::string properties = persistent(body);
    Publication one{
        .exchange = exchange, .routing_key = key, .message_id = body, .properties = properties, .body = body};
    publisher->publish(std::span(&one, 1), shard.now() + 5s);
    EXPECT_EQ(one.outcome, Publication::Outcome::confirmed) << one.reason;
  }
  void consume(std::string_view queue, std::string_view key) {
    consumer.emplace(shard, link_rules());
    consumer->add({.queue = {.name = std::string(queue)},
                   .exchange = "shop.events",
                   .routing_key = std::string(key),
                   .prefetch = 10,
                   .take = [this](Delivery delivery) {
                     came.push_back(delivery.body);
                     deliveries.push_back(delivery);
                     if (acknowledging) consumer->acknowledge(delivery);
                   }});
    consumer->start();
    until([this] { return consumer->not_ready().empty(); });
  }

  world::SimulatedWorld world;
  runtime::Shard shard{world, {}};
  std::optional<RunningBroker> broker;
  std::optional<Publisher> publisher{std::in_place, shard, link_rules(), PublisherRules{}};
  std::optional<Consumer> consumer;
  bool acknowledging = true;
  std::vector<std::string> came;
  std::vector<Delivery> deliveries;
};

TEST_F(Client, brings_what_was_published_to_the_queue_that_is_bound) {
  run([&] {
    consume("placed", "placed");
    publish("placed", "one");
    publish("cancelled", "other");
    publish("placed", "two");
    until([&] { return came.size() == 2; });

    EXPECT_THAT(came, ElementsAre("one", "two"));
    EXPECT_EQ(publisher->figures().confirmed, 3u);
    EXPECT_EQ(publisher->figures().waiting, 0u);
    EXPECT_EQ(publisher->not_ready(), "");
  });
}

TEST_F(Client, confirms_many_that_were_published_at_once) {
  run([&] {
    consume("placed", "placed");
    const std::string properties = persistent("x");
    std::vector<Publication> all(
        3'000, Publication{.exchange = "shop.events", .routing_key = "placed", .properties = properties, .body = "x"});
    publisher->publish(all, shard.now() + 60s);

    EXPECT_TRUE(std::ranges::all_of(
        all, [](const Publication& one) { return one.outcome == Publication::Outcome::confirmed; }));
    until([&] { return came.size() == all.size(); });
  });
}

TEST_F(Client, sends_what_was_not_confirmed_again_after_a_cut) {
  run([&] {
    consume("placed", "placed");
    std::size_t published = 0;
    Scope scope;
    for (int i = 0; i < 200; ++i) {
      scope.spawn([&, body = std::to_string(i)] {
        sleep(std::chrono::milliseconds(std::stoi(body)));
        publish("placed", body);
        ++published;
      });
    }
    for (int i = 0; i < 10; ++i) {
      sleep(20ms);
      world.cut_all();
    }
    scope.join();

    EXPECT_EQ(published, 200u);
    EXPECT_GT(publisher->figures().reconnects, 0u);
    std::vector<std::string> all;
    for (int i = 0; i < 200; ++i) all.push_back(std::to_string(i));
    until([&] {
      return std::ranges::all_of(all, [&](const std::string& one) { return std::ranges::count(came, one) > 0; });
    });
  });
}

TEST_F(Client, waits_for_the_broker_at_most_until_the_deadline) {
  run([&] {
    publish("placed", "first");
    broker->stop();
    Publication late{.exchange = "shop.events", .routing_key = "placed", .body = "late"};
    const Instant before = shard.now();

    const std::string said = message_of([&] { publisher->publish(std::span(&late, 1), shard.now() + 3s); });

    EXPECT_THAT(said, HasSubstr("cannot connect to 127.0.0.1:5672"));
    EXPECT_EQ(shard.now() - before, 3s);
    EXPECT_THAT(publisher->not_ready(), HasSubstr("cannot connect to 127.0.0.1:5672"));
    EXPECT_EQ(publisher->figures().waiting, 0u);
  });
}

TEST_F(Client, publishes_once_the_broker_is_back) {
  run([&] {
    broker->stop();
    Scope scope;
    scope.spawn([&] { publish("placed", "patient"); });
    sleep(2s);
    broker->start();
    scope.join();

    EXPECT_EQ(publisher->not_ready(), "");
  });
}

TEST_F(Client, refuses_more_than_may_wait) {
  run([&] {
    broker->stop();
    publisher.emplace(shard, link_rules(), PublisherRules{.waiting_max = 2});
    std::vector<Publication> three(3);

    EXPECT_EQ(code_thrown_by([&] { publisher->publish(three, shard.now() + 1s); }), Code::resource_exhausted);
    EXPECT_EQ(code_thrown_by([&] { publisher->publish(std::span(three).first(2), shard.now() + 1s); }),
              Code::unavailable);
  });
}

TEST_F(Client, tells_that_no_queue_takes_a_message) {
  run([&] {
    const std::string properties = persistent("id");
    Publication one{
        .routing_key = "nowhere", .message_id = "id", .properties = properties, .body = "x", .must_route = true};
    publisher->publish(std::span(&one, 1), shard.now() + 5s);

    EXPECT_EQ(one.outcome, Publication::Outcome::unroutable);
    EXPECT_THAT(one.reason, HasSubstr("no queue takes it"));
  });
}

TEST_F(Client, is_given_again_what_it_did_not_acknowledge) {
  run([&] {
    acknowledging = false;
    consume("placed", "placed");
    publish("placed", "one");
    until([&] { return came.size() == 1; });
    world.cut_all();
    acknowledging = true;
    until([&] { return came.size() == 2; });

    EXPECT_TRUE(deliveries.back().redelivered);
    consumer->acknowledge(deliveries.front());  // of the connection that has gone: nothing happens
    publish("placed", "two");
    until([&] { return came.size() == 3; });
    EXPECT_EQ(consumer->figures().redelivered, 1u);
  });
}

TEST_F(Client, declares_its_queues_again_when_the_broker_has_forgotten_them) {
  run([&] {
    consume("placed", "placed");
    publish("placed", "before");
    until([&] { return came.size() == 1; });
    broker->stop();
    until([&] { return !consumer->not_ready().empty(); });
    broker->start();
    until([&] { return consumer->not_ready().empty(); });
    publish("placed", "after");
    until([&] { return came.size() == 2; });

    EXPECT_THAT(came, ElementsAre("before", "after"));
  });
}

TEST_F(Client, is_delivered_no_more_than_its_prefetch) {
  run([&] {
    acknowledging = false;
    consume("placed", "placed");
    for (int i = 0; i < 20; ++i) publish("placed", std::to_string(i));
    sleep(1s);

    EXPECT_EQ(came.size(), 10u);
    for (int i = 0; i < 10; ++i) consumer->acknowledge(deliveries[static_cast<std::size_t>(i)]);
    until([&] { return came.size() == 20; });
  });
}

TEST_F(Client, is_delivered_nothing_after_it_stopped) {
  run([&] {
    consume("placed", "placed");
    consumer->stop();
    publish("placed", "late");
    sleep(1s);

    EXPECT_THAT(came, IsEmpty());
    EXPECT_EQ(broker->waiting("placed"), 1u);
    consumer->close(shard.now() + 1s);
  });
}

TEST_F(Client, says_which_password_the_broker_refuses_without_saying_it) {
  run([&] {
    publisher.emplace(shard, link_rules("amqp://guest:wrong-secret@127.0.0.1"), PublisherRules{});
    Publication one{.exchange = "shop.events", .routing_key = "placed", .body = "x"};

    const std::string said = message_of([&] { publisher->publish(std::span(&one, 1), shard.now() + 1s); });

    EXPECT_THAT(said, HasSubstr("403"));
    EXPECT_THAT(said, ::testing::Not(HasSubstr("wrong-secret")));
  });
}

TEST_F(Client, goes_to_the_next_host_when_one_is_down) {
  run([&] {
    publisher.emplace(shard, link_rules("amqp://127.0.0.1:5999,127.0.0.1:5672"), PublisherRules{});

    publish("placed", "x");
  });
}

TEST_F(Client, goes_to_the_next_address_of_a_host_in_the_same_attempt) {
  run([&] {
    world.add_name("rabbit", {"10.0.0.7", "10.0.0.8", "127.0.0.1"});  // nobody listens on the first
    world.set_reach(*world::parse_address("10.0.0.8:5672"), world::Reach::silent);
    publisher.emplace(shard, link_rules("amqp://rabbit"), PublisherRules{});
    const Instant before = shard.now();

    publish("placed", "x");

    EXPECT_EQ(publisher->figures().reconnects, 0u);
    EXPECT_LT(shard.now() - before, 2s);  // a third of what a connection may take
  });
}

TEST_F(Client, names_the_last_address_when_none_answers) {
  run([&] {
    world.add_name("rabbit", {"10.0.0.7", "10.0.0.8"});
    publisher.emplace(shard, link_rules("amqp://rabbit"), PublisherRules{});
    Publication one{.exchange = "shop.events", .routing_key = "placed", .body = "x"};

    EXPECT_THAT(message_of([&] { publisher->publish(std::span(&one, 1), shard.now() + 1s); }),
                HasSubstr("cannot connect to 10.0.0.8:5672"));
  });
}

TEST_F(Client, stays_connected_by_heartbeats_while_nothing_happens) {
  run([&] {
    publisher.emplace(shard, link_rules("amqp://127.0.0.1?heartbeat=4"), PublisherRules{});
    publish("placed", "x");
    sleep(60s);  // the broker gives up a silent client after 8 s, as the client a silent broker

    EXPECT_EQ(publisher->figures().reconnects, 0u);
  });
}

// A peer that takes connections and says what the test wants.
TEST_F(Client, gives_up_a_broker_that_does_not_greet) {
  on_fiber(shard, [&] {
    int error = 0;
    const auto listener = shard.network().listen(*world::parse_address(broker_address), {}, error);
    ASSERT_TRUE(listener);
    Publication one{.exchange = "shop.events", .routing_key = "placed", .body = "x"};

    const std::string said = message_of([&] { publisher->publish(std::span(&one, 1), shard.now() + 8s); });

    EXPECT_THAT(said, HasSubstr("the broker 127.0.0.1:5672 did not answer in time"));
    publisher.reset();
  });
}

}  // namespace
}  // namespace tutti::bus::testing
