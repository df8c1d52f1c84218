#include <gtest/gtest.h>
#include <tutti/testing.hpp>
#include "counter.hpp"

TEST(Counter, adds_up_to_the_limit) {
  tutti::testing::Bed bed{{{counter::service, counter::compose}}, {.settings = {{"counter.limit", "5"}}}};
  EXPECT_EQ(bed.call(counter::add, {.name = "a", .by = 4}).value, 4);
  EXPECT_EQ(bed.call(counter::add, {.name = "a"}).value, 5);
  EXPECT_THROW((void)bed.call(counter::add, {.name = "a"}), counter::TooHigh);
}
