#include <gtest/gtest.h>

#include <tutti/testing.hpp>

#include "asker.hpp"

TEST(Asker, tells_what_the_weather_service_says) {
  tutti::testing::Bed bed{{asker::service, asker::compose}};
  bed.fake(weather::now, [](const weather::Ask&) { return weather::Weather{.sky = "blue"}; });

  EXPECT_EQ(bed.call(asker::ask, {}).sky, "blue");
}
