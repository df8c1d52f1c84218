#include "notifications.hpp"

#include <gtest/gtest.h>

#include <tutti/testing.hpp>

namespace notifications {
namespace {

TEST(Notifications, tell_those_who_watch_an_order) {
  tutti::testing::Bed bed{{service, compose}};
  auto ada = bed.connect(live);
  auto bob = bed.connect(live);
  ada.send(Watch{"o-17"});
  bob.send(Watch{"o-18"});

  bed.call(change, {.order = "o-17", .state = "paid"});
  bed.settle();

  ASSERT_EQ(ada.received().size(), 2u);  // the first is its Welcome
  EXPECT_EQ(std::get<Status>(ada.received()[1]).state, "paid");
  EXPECT_EQ(bob.received().size(), 1u);
}

TEST(Notifications, close_on_a_message_that_is_none) {
  tutti::testing::Bed bed{{service, compose}};
  auto ada = bed.connect(live);

  ada.send_text(R"({"type": "Watch", "order": ""})");

  EXPECT_EQ(ada.closed(), 1008);
}

}  // namespace
}  // namespace notifications
