#include "service/event_wire.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/amqp/content.hpp"

namespace tutti::detail {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr std::string_view parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string header(std::string_view properties, std::string_view key) {
  const auto value = wire::amqp::find(*wire::amqp::parse_properties(properties).properties.headers, key);
  return value ? std::string(value->text().value_or("")) : std::string();
}

TEST(EventWire, doubles_the_pause_up_to_the_longest) {
  const RetryRules rules{.attempts = 9, .first = 500ms, .longest = 3s};

  EXPECT_THAT((std::vector{pause_after(rules, 1), pause_after(rules, 2), pause_after(rules, 3), pause_after(rules, 4),
                           pause_after(rules, 1'000'000)}),
              ElementsAre(500ms, 1s, 2s, 3s, 3s));
}

TEST(EventWire, has_a_pause_that_a_broker_can_keep) {
  EXPECT_EQ(pause_after({.first = 0ns, .longest = 0ns}, 1), 1ms);
  EXPECT_EQ(pause_after({.first = 1ns, .longest = 1s}, 1), 1ms);
  EXPECT_EQ(pause_after({.first = std::chrono::hours(100'000), .longest = std::chrono::hours(100'000)}, 1),
            2'147'483'647ms);
}

TEST(EventWire, carries_id_and_trace) {
  const std::string properties =
      event_properties({.id = "id-1", .at = Time{1700000000s}, .traceparent = parent, .tracestate = "vendor=1"});
  const ReceivedEvent event = received_event(properties, "orders.events", "placed");

  EXPECT_EQ(event.id, "id-1");
  EXPECT_TRUE(event.trace.valid());
  EXPECT_EQ(event.trace.tracestate, "vendor=1");
  EXPECT_EQ(event.attempt, 1);
  EXPECT_EQ(wire::amqp::parse_properties(properties).properties.timestamp, 1'700'000'000u);
}

TEST(EventWire, takes_the_context_along_and_the_trace_where_nameko_has_carried_it_on) {
  wire::amqp::TableBuilder context;
  context.text("nameko.language", "de").text("nameko.traceparent", parent);

  const std::string sent = event_properties({.id = "id-1", .context = context.table().bytes});
  const ReceivedEvent event = received_event(sent, "orders.events", "placed");

  EXPECT_EQ(header(sent, "nameko.language"), "de");
  EXPECT_TRUE(event.trace.valid());
  EXPECT_EQ(wire::amqp::find({event.headers}, "nameko.language")->text(), "de");
}

TEST(EventWire, remembers_attempt_and_first_exchange_through_a_delay_queue) {
  const std::string properties = event_properties({.id = "id-1", .traceparent = parent});
  const ReceivedEvent first = received_event(properties, "orders.events", "placed");
  const std::string delayed =
      forwarded_properties(properties, first, {.id = "id-1", .attempt = 2, .error = "no room", .queue = "evt-q"});
  const ReceivedEvent second = received_event(delayed, "", "evt-q");

  EXPECT_EQ(second.id, "id-1");
  EXPECT_EQ(second.attempt, 2);
  EXPECT_EQ(second.exchange, "orders.events");
  EXPECT_EQ(second.routing_key, "placed");
  EXPECT_TRUE(second.trace == first.trace);
  EXPECT_EQ(header(delayed, "tutti.error"), "no room");
}

TEST(EventWire, takes_odd_headers_of_others_for_a_first_attempt) {
  wire::amqp::TableBuilder headers;
  headers.text("tutti.attempt", "many").integer("tutti.exchange", 5).text("traceparent", "nonsense");
  std::string properties;
  wire::amqp::append_properties(properties, {.headers = headers.table()});

  const ReceivedEvent event = received_event(properties, "orders.events", "placed");

  EXPECT_EQ(event.attempt, 1);
  EXPECT_EQ(event.exchange, "orders.events");
  EXPECT_FALSE(event.trace.valid());
  EXPECT_EQ(received_event("\x01", "e", "k").routing_key, "k");
}

TEST(EventWire, shortens_a_long_error_between_characters) {
  std::string error(999, 'a');
  error += "\xC3\xA9";  // one character across the limit of 1,000 bytes

  const std::string dead = forwarded_properties(event_properties({.id = "i"}), {},
                                                {.id = "i", .reason = "attempts", .error = error, .queue = "q"});

  EXPECT_EQ(header(dead, "tutti.error"), std::string(999, 'a'));
}

TEST(EventWire, drops_an_expiration_that_would_lose_it_in_a_queue_of_ours) {
  std::string properties;
  wire::amqp::append_properties(properties, {.expiration = "50"});

  const std::string delayed = forwarded_properties(properties, {}, {.id = "i", .attempt = 2, .queue = "q"});

  EXPECT_FALSE(wire::amqp::parse_properties(delayed).properties.expiration.has_value());
}

}  // namespace
}  // namespace tutti::detail
