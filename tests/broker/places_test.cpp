#include "broker/journal/places.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tutti::broker::journal {
namespace {

using Numbers = std::vector<std::uint64_t>;

Numbers numbers_from(const Places& places, std::uint64_t first) {
  Numbers out;
  places.for_each_from(first, [&](std::uint64_t number, const Places::Slot&) {
    out.push_back(number);
    return true;
  });
  return out;
}

TEST(Places, a_message_is_there_until_its_last_queue_has_settled_it) {
  Places places;
  places.put(7, Numbers{1, 2, 3}, {.span = 4, .offset = 5, .bytes = 6});

  EXPECT_TRUE(places.settle(7, 2).known);
  EXPECT_FALSE(places.settle(7, 2).known);
  EXPECT_EQ(places.queues_of(7), (Numbers{1, 3}));
  EXPECT_FALSE(places.settle(7, 1).last);
  EXPECT_TRUE(places.has(7, 3));
  EXPECT_FALSE(places.has(7, 1));
  const Places::Left left = places.settle(7, 3);

  EXPECT_TRUE(left.last);
  EXPECT_EQ(left.place.span, 4u);
  EXPECT_EQ(left.place.bytes, 6u);
  EXPECT_EQ(places.find(7), nullptr);
  EXPECT_EQ(places.size(), 0u);
}

TEST(Places, a_message_that_is_put_again_is_elsewhere) {
  Places places;
  places.put(7, Numbers{1, 2}, {.span = 1});
  places.put(7, Numbers{2}, {.span = 2});

  EXPECT_EQ(places.size(), 1u);
  EXPECT_EQ(places.find(7)->place.span, 2u);
  EXPECT_FALSE(places.settle(7, 1).known);
  EXPECT_TRUE(places.settle(7, 2).last);
}

TEST(Places, are_walked_in_order_whatever_the_gaps) {
  Places places;
  for (const std::uint64_t number : Numbers{1'000'000, 3, 64, 65, 200}) places.put(number, Numbers{1}, {});
  (void)places.settle(64, 1);

  EXPECT_EQ(numbers_from(places, 0), (Numbers{3, 65, 200, 1'000'000}));
  EXPECT_EQ(numbers_from(places, 66), (Numbers{200, 1'000'000}));
  EXPECT_EQ(numbers_from(places, 1'000'001), Numbers{});
  EXPECT_EQ(places.find(64), nullptr);
}

}  // namespace
}  // namespace tutti::broker::journal
