#include "engines/process/back_off.hpp"

#include <gtest/gtest.h>

namespace tutti::engines {
namespace {

using namespace std::chrono_literals;

class BackOffOfAnInstance : public ::testing::Test {
 protected:
  void expect_between(std::chrono::milliseconds least, std::chrono::milliseconds most,
                      std::chrono::milliseconds lived = 0ms) {
    const auto pause = back_off_.after(lived, random_);
    EXPECT_GE(pause, least);
    EXPECT_LE(pause, most);
  }

  BackOff back_off_;
  std::mt19937 random_{1};
};

TEST_F(BackOffOfAnInstance, doubles_up_to_its_limit) {
  for (auto most = BackOff::first; most < BackOff::longest; most *= 2) expect_between(most / 2, most);
  expect_between(15s, 30s);
  expect_between(15s, 30s);
}

TEST_F(BackOffOfAnInstance, begins_anew_after_a_steady_life_and_not_before) {
  expect_between(100ms, 200ms);
  expect_between(200ms, 400ms);
  expect_between(400ms, 800ms, 9999ms);
  expect_between(100ms, 200ms, 10s);
  expect_between(200ms, 400ms);
}

TEST_F(BackOffOfAnInstance, differs_between_instances) {
  BackOff other;
  std::mt19937 random{2};

  EXPECT_NE(back_off_.after(0ms, random_), other.after(0ms, random));
}

}  // namespace
}  // namespace tutti::engines
