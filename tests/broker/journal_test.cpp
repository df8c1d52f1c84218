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
