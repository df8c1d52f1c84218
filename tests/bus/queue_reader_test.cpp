// Looking into queues: what is taken is back in its place unless it was acknowledged, and a lost connection ends it.
#include "bus/queue_reader.hpp"

#include "bus/given.hpp"

namespace tutti::bus::testing {
namespace {

using runtime::testing::code_thrown_by;
using runtime::testing::message_of;
using ::testing::HasSubstr;

struct Reading : ::testing::Test {
  void run(const std::function<void()>& body) {
    runtime::testing::on_fiber(shard, [&] {
      broker.emplace(shard);
      consumer.emplace(shard, link_rules());
      consumer->add({.queue = {.name = "other"},
                     .exchange = "shop.events",
                     .routing_key = "other",
                     .beside = {{.name = "dead"}},
                     .take = [](const Delivery&) {}});
      consumer->start();
      until([&] { return consumer->not_ready().empty(); });
      publisher.emplace(shard, link_rules(), PublisherRules{});
      for (const char* body_of : {"one", "two", "three"}) put(body_of);
      reader.emplace(shard, link_rules());
      body();
      reader.reset();
      publisher.reset();
      consumer.reset();
      broker.reset();
    });
  }
  void put(std::string_view body) {
    const std::string properties = persistent(body);
    Publication one{.routing_key = "dead", .message_id = body, .properties = properties, .body = body};
    publisher->publish(std::span(&one, 1), soon());
  }
  Instant soon() { return shard.now() + 5s; }
  std::string body_of_next() {
    const auto delivery = reader->take("dead", soon());
    return delivery ? delivery->body : "";
  }
  void begin_anew() {
    reader->close(soon());
    reader.emplace(shard, link_rules());
  }

  world::SimulatedWorld world;
  runtime::Shard shard{world, {}};
  std::optional<RunningBroker> broker;
  std::optional<Consumer> consumer;
  std::optional<Publisher> publisher;
  std::optional<QueueReader> reader;
};

TEST_F(Reading, takes_one_by_one_and_gives_back_what_it_did_not_acknowledge) {
  run([&] {
    EXPECT_EQ(reader->count("dead", soon()), 3u);
    EXPECT_EQ(body_of_next(), "one");
    const auto second = reader->take("dead", soon());
    ASSERT_TRUE(second.has_value());
    reader->acknowledge(*second);
    EXPECT_EQ(body_of_next(), "three");
    EXPECT_EQ(body_of_next(), "");

    begin_anew();
    EXPECT_EQ(reader->count("dead", soon()), 2u);
    EXPECT_EQ(body_of_next(), "one");
    EXPECT_EQ(body_of_next(), "three");
  });
}

TEST_F(Reading, knows_a_queue_that_is_not_there) {
  run([&] {
    EXPECT_EQ(reader->count("nothing", soon()), std::nullopt);
    EXPECT_EQ(reader->count("dead", soon()), 3u);
  });
}

TEST_F(Reading, purges) {
  run([&] {
    EXPECT_EQ(reader->purge("dead", soon()), 3u);
    EXPECT_EQ(body_of_next(), "");
  });
}

TEST_F(Reading, ends_with_the_reason_when_the_connection_is_lost) {
  run([&] {
    EXPECT_EQ(body_of_next(), "one");
    broker->stop();
    EXPECT_EQ(code_thrown_by([&] { (void)reader->take("dead", soon()); }), Code::unavailable);
    broker->start();
    EXPECT_EQ(code_thrown_by([&] { (void)reader->take("dead", soon()); }), Code::unavailable);
  });
}

TEST_F(Reading, tries_each_host_once_and_then_says_why) {
  run([&] {
    QueueReader second_is_there(shard, link_rules("amqp://127.0.0.1:1,127.0.0.1"));
    EXPECT_EQ(second_is_there.count("dead", soon()), 3u);

    QueueReader nobody(shard, link_rules("amqp://127.0.0.1:1,127.0.0.1:2"));
    EXPECT_THAT(message_of([&] { (void)nobody.count("dead", soon()); }), HasSubstr("127.0.0.1:2"));
  });
}

}  // namespace
}  // namespace tutti::bus::testing
