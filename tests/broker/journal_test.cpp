// A disk that fails and one that is full: publishers wait, nothing is confirmed meanwhile, and nothing is lost.
#include "broker/journal/journal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker/life.hpp"
#include "wire/amqp/content.hpp"

namespace tutti::broker {
namespace {

class JournalOnADisk : public testing::Test {
 protected:
  static void publish(Life& life, std::string_view body) {
    std::string properties;
    wire::amqp::append_properties(properties, {.delivery_mode = 2});
    life.act([&] {
      (void)life.host().declare_queue("q", {.durable = true}, 1);
      (void)life.host().publish(life.host().exchange(""),
                                {.exchange = "", .routing_key = "q", .properties = properties, .body = body},
                                {.persistent = true}, {});
    });
  }
  static bool stored(Life& life) { return life.store().durable() == life.store().told(); }
  static void turn_until_stored(Life& life) {
    for (int turns = 0; turns < 10'000 && !stored(life); ++turns) life.turn();
    ASSERT_TRUE(stored(life));
  }
  // After the power has failed.
  std::vector<std::string> found_after_a_crash() {
    world_.files().crash();
    Life life(world_, 0);
    std::vector<std::string> bodies;
    life.act([&] {
      while (const auto entry = life.host().queue("q", 1).take(Settling::at_once))
        bodies.emplace_back(entry->message->body());
    });
    return bodies;
  }

  world::SimulatedWorld world_;
};

TEST_F(JournalOnADisk, writes_again_what_was_not_synced) {
  {
    Life life(world_, 0);
    publish(life, "1");
    turn_until_stored(life);
    world_.files().fail(world::FileOperation::sync, 1, EIO);

    publish(life, "2");
    publish(life, "3");
    turn_until_stored(life);

    EXPECT_EQ(life.broker().full(), "");
  }
  EXPECT_EQ(found_after_a_crash(), (std::vector<std::string>{"1", "2", "3"}));
}

// Nobody waits for an acknowledgement: it goes with the next message, or alone a little later.
TEST_F(JournalOnADisk, writes_acknowledgements_together_and_soon) {
  {
    Life life(world_, 0);
    for (int body = 0; body < 20; ++body) publish(life, std::to_string(body));
    turn_until_stored(life);
    const std::uint64_t before = life.changes();
    const Instant begun = world_.clock().instant();

    for (int taken = 0; taken < 20; ++taken) {
      life.act([&] { (void)life.host().queue("q", 1).take(Settling::at_once); });
      life.turn();
    }
    turn_until_stored(life);

    EXPECT_LE(world_.clock().instant() - begun, std::chrono::milliseconds(6));
    EXPECT_LE(life.changes() - before, 4);  // a write and a sync; a file may be begun, too
  }
  EXPECT_EQ(found_after_a_crash(), std::vector<std::string>{});
}

TEST_F(JournalOnADisk, waits_while_the_disk_is_full_and_goes_on_when_it_is_not) {
  {
    Life life(world_, 0);
    publish(life, "1");
    turn_until_stored(life);
    world_.files().set_capacity(world_.files().bytes_used() + 10);

    publish(life, std::string(1000, '2'));
    for (int turns = 0; turns < 200; ++turns) life.turn();
    EXPECT_FALSE(stored(life));
    EXPECT_EQ(life.broker().full(), "the journal cannot be written");
    world_.files().set_capacity(UINT64_MAX);
    turn_until_stored(life);

    EXPECT_EQ(life.broker().full(), "");
  }
  EXPECT_EQ(found_after_a_crash(), (std::vector<std::string>{"1", std::string(1000, '2')}));
}

TEST_F(JournalOnADisk, goes_on_after_short_writes) {
  {
    Life life(world_, 0);
    world_.files().faults().write_short = 0.7;

    for (int number = 0; number < 50; ++number) publish(life, std::to_string(number));
    turn_until_stored(life);
  }
  EXPECT_EQ(found_after_a_crash().size(), 50u);
}

TEST_F(JournalOnADisk, a_long_queue_is_on_disk_only_and_comes_back_in_order) {
  Life life(world_, 0);
  for (int number = 0; number < 100; ++number) publish(life, std::to_string(number) + std::string(100, 'x'));
  EXPECT_EQ(life.broker().shared().account.bytes, 0u);  // some of it is not yet written
  turn_until_stored(life);

  life.act([&] {
    for (int number = 0; number < 100; ++number) {
      const auto entry = life.host().queue("q", 1).take(Settling::at_once);
      ASSERT_TRUE(entry);
      EXPECT_EQ(entry->message->body(), std::to_string(number) + std::string(100, 'x'));
    }
  });
  EXPECT_EQ(life.host().queue("q", 1).ready(), 0u);
}

TEST_F(JournalOnADisk, what_is_given_back_is_read_again) {
  Life life(world_, 0);
  for (int number = 0; number < 10; ++number) publish(life, std::to_string(number));
  turn_until_stored(life);

  life.act([&] {
    Queue& queue = life.host().queue("q", 1);
    auto first = queue.take(Settling::awaited);
    first->message = {};
    queue.put_back(std::move(*first));
    const auto again = queue.take(Settling::at_once);
    EXPECT_EQ(again->message->body(), "0");
    EXPECT_TRUE(again->redelivered);
  });
}

TEST_F(JournalOnADisk, what_cannot_be_read_is_passed_over_and_not_lost) {
  {
    Life life(world_, 0);
    for (int number = 0; number < 3; ++number) publish(life, std::to_string(number) + std::string(50, 'x'));
    turn_until_stored(life);
    world_.files().fail(world::FileOperation::read, 1, EIO);

    life.act([&] {
      const auto entry = life.host().queue("q", 1).take(Settling::at_once);
      EXPECT_EQ(entry->message->body().substr(0, 1), "1");
    });
    turn_until_stored(life);
  }
  const auto found = found_after_a_crash();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].substr(0, 1), "0");
  EXPECT_EQ(found[1].substr(0, 1), "2");
}

TEST_F(JournalOnADisk, dead_letters_of_a_long_queue_are_read_from_disk) {
  Life life(world_, 0);
  life.act([&] {
    (void)life.host().declare_queue("graves", {.durable = true}, 1);
    (void)life.host().declare_queue(
        "q", {.durable = true, .arguments = {}, .dead_letter_exchange = "", .dead_letter_key = "graves"}, 1);
    std::string properties;
    wire::amqp::append_properties(properties, {.delivery_mode = 2});
    for (int number = 0; number < 1000; ++number)
      (void)life.host().publish(life.host().exchange(""),
                                {.exchange = "", .routing_key = "q", .properties = properties, .body = "m"},
                                {.persistent = true}, {});
    Queue& queue = life.host().queue("q", 1);
    while (auto entry = queue.take(Settling::awaited)) {
      entry->message = {};
      queue.reject(std::move(*entry));
    }
  });
  for (int turns = 0; turns < 100'000 && life.host().queue("graves", 1).ready() < 1000; ++turns) life.turn();

  EXPECT_EQ(life.host().queue("graves", 1).ready(), 1000u);
  turn_until_stored(life);
}

TEST_F(JournalOnADisk, publishers_wait_while_little_of_the_disk_is_free) {
  std::uint64_t free = 100;
  world::SimulatedWorld world;
  runtime::Shard shard(world, {});
  const runtime::CurrentShard current(shard);
  Broker broker(shard, world.files(),
                {.folder = "/data", .free_bytes = [&](const std::string&) { return free; }, .free_bytes_min = 50});

  EXPECT_EQ(broker.full(), "");
  free = 49;
  EXPECT_EQ(broker.full(), "");  // looked at seldom
  world.advance_to(world.clock().instant() + std::chrono::seconds(1));
  shard.turn();
  EXPECT_EQ(broker.full(), "low on disk");
  free = 50;
  world.advance_to(world.clock().instant() + std::chrono::seconds(1));
  shard.turn();
  EXPECT_EQ(broker.full(), "");
}

TEST_F(JournalOnADisk, counts_the_time_that_it_was_off_against_a_messages_life) {
  {
    Life life(world_, 0);
    life.act([&] {
      (void)life.host().declare_queue(
          "q", {.durable = true, .arguments = {}, .message_ttl = std::chrono::milliseconds(5000)}, 1);
      std::string properties;
      wire::amqp::append_properties(properties, {.delivery_mode = 2, .expiration = "5000"});
      (void)life.host().publish(life.host().exchange(""),
                                {.exchange = "", .routing_key = "q", .properties = properties, .body = "m"},
                                {.persistent = true, .expiration = std::chrono::milliseconds(5000)}, {});
    });
    turn_until_stored(life);
  }
  world_.advance_to(world_.clock().instant() + std::chrono::seconds(6));

  EXPECT_EQ(found_after_a_crash(), std::vector<std::string>{});
}

}  // namespace
}  // namespace tutti::broker
