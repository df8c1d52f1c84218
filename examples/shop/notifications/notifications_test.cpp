// Who watches an order is told how it stands and what becomes of it, and nothing of other orders.
#include <gtest/gtest.h>

#include <tutti/testing.hpp>

#include "notifications/notifications.hpp"

namespace {

using notifications::Status;
using notifications::Unknown;
using notifications::Watch;
using orders::State;
using tutti::testing::Bed;

orders::Order order_of(std::string id, State state, std::int64_t revision) {
  return {.id = std::move(id), .customer = "Ada", .lines = {}, .state = state, .revision = revision};
}

struct NotificationsTest : ::testing::Test {
  NotificationsTest() {
    bed.fake(orders::get, [](const orders::Get& get) -> orders::Order {
      if (get.id == "none") throw orders::UnknownOrder{get.id};
      return order_of(get.id, State::placed, 1);
    });
  }
  void announce(const tutti::Event<orders::Order>& event, const orders::Order& order) {
    bed.publish(event, order);
    bed.settle();
  }
  Bed bed{{notifications::service, notifications::compose}};
};

TEST_F(NotificationsTest, tell_how_an_order_stands_and_what_becomes_of_it) {
  auto ada = bed.connect(notifications::live);
  ada.send(Watch{"o17"});
  announce(orders::unpaid, order_of("o17", State::declined, 2));
  announce(orders::paid, order_of("o17", State::paid, 4));
  announce(orders::cancelled, order_of("o17", State::cancelled, 5));

  std::vector<State> told;
  for (const auto& message : ada.received()) told.push_back(std::get<Status>(message).state);
  EXPECT_EQ(told, (std::vector{State::placed, State::declined, State::paid, State::cancelled}));
  EXPECT_EQ(std::get<Status>(ada.received().back()).revision, 5);
}

TEST_F(NotificationsTest, tell_nothing_of_other_orders_and_nothing_when_it_is_no_longer_wanted) {
  auto ada = bed.connect(notifications::live);
  ada.send(Watch{"o17"});
  announce(orders::paid, order_of("o18", State::paid, 2));
  ada.send(notifications::Unwatch{"o17"});
  announce(orders::paid, order_of("o17", State::paid, 2));
  EXPECT_EQ(ada.received().size(), 1u);
}

TEST_F(NotificationsTest, tell_what_an_order_earned) {
  auto ada = bed.connect(notifications::live);
  ada.send(Watch{"o17"});
  bed.publish(loyalty::earned, {.order = "o17", .customer = "Ada", .points = 18});
  bed.settle();
  ASSERT_EQ(ada.received().size(), 2u);
  EXPECT_EQ(std::get<notifications::Points>(ada.received().back()).points, 18);
}

TEST_F(NotificationsTest, know_no_order_that_orders_does_not_know) {
  auto ada = bed.connect(notifications::live);
  ada.send(Watch{"none"});
  ASSERT_EQ(ada.received().size(), 1u);
  EXPECT_EQ(std::get<Unknown>(ada.received().front()).order, "none");
  EXPECT_EQ(ada.closed(), std::nullopt);
}

TEST_F(NotificationsTest, send_the_browser_away_for_a_while_when_orders_cannot_be_reached) {
  bed.fail(orders::get, tutti::Code::unavailable, 10);
  auto ada = bed.connect(notifications::live);
  ada.send(Watch{"o17"});
  EXPECT_EQ(ada.closed(), 1013);
}

// An order that is paid between what orders answers and the answer's arrival.
void orders_stand_in(tutti::App& app) {
  app.serve(orders::get, [&publish = app.publisher()](const orders::Get& get) {
    publish(orders::paid, order_of(get.id, State::paid, 2));
    tutti::sleep(std::chrono::milliseconds(100));
    return order_of(get.id, State::placed, 1);
  });
}

TEST(Notifications, miss_nothing_that_happens_while_they_ask) {
  Bed bed{{notifications::service, notifications::compose}, {orders::service, orders_stand_in}};
  auto ada = bed.connect(notifications::live);
  ada.send(Watch{"o17"});
  bed.settle();
  std::int64_t latest = 0;
  for (const auto& message : ada.received()) latest = std::max(latest, std::get<Status>(message).revision);
  EXPECT_EQ(latest, 2);
}

}  // namespace
