// Which endpoint is asked: two are drawn, the one with less in flight wins; who was left alone is probed.
#include "client/balancer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "world/seeded_random.hpp"

namespace tutti::client {
namespace {

using namespace std::chrono_literals;

Endpoints endpoints_of(std::initializer_list<std::size_t> in_flight) {
  Endpoints endpoints;
  std::uint16_t port = 7001;
  for (const std::size_t calls : in_flight) {
    endpoints.push_back(
        std::make_shared<Endpoint>(Origin{.address = {world::Address::Kind::ip4, "127.0.0.1", port++}}, nullptr));
    endpoints.back()->in_flight = calls;
  }
  return endpoints;
}

// How often each is chosen of 3000 times.
std::vector<int> choices(const Endpoints& endpoints, std::vector<const Endpoint*> tried = {}) {
  world::TraceHash hash;
  world::SeededRandom random(1, "balancer", hash);
  std::vector<int> chosen(endpoints.size());
  for (int i = 0; i < 3000; ++i) {
    const auto one = choose(endpoints, tried, Instant{}, random);
    ++chosen[static_cast<std::size_t>(std::find(endpoints.begin(), endpoints.end(), one) - endpoints.begin())];
  }
  return chosen;
}

TEST(Balancer, the_busiest_of_several_is_never_asked) {
  const auto chosen = choices(endpoints_of({0, 9, 5}));
  EXPECT_EQ(chosen[1], 0);
  // Two of three pairs have the idle one.
  EXPECT_NEAR(chosen[0], 2000, 150);
  EXPECT_NEAR(chosen[2], 1000, 150);
}

TEST(Balancer, equals_are_asked_alike) {
  for (const int times : choices(endpoints_of({1, 1, 1}))) EXPECT_NEAR(times, 1000, 150);
}

TEST(Balancer, one_that_was_tried_is_asked_again_only_if_there_is_no_other) {
  const Endpoints endpoints = endpoints_of({0, 0});
  EXPECT_EQ(choices(endpoints, {endpoints[0].get()}), (std::vector<int>{0, 3000}));
  EXPECT_EQ(choices({endpoints[0]}, {endpoints[0].get()}), (std::vector<int>{3000}));
}

TEST(Balancer, one_that_is_left_alone_is_not_asked_until_its_time_and_then_first) {
  const Endpoints endpoints = endpoints_of({0, 0});
  const BreakerRules rules{.failures = 1, .first = 1s, .longest = 4s};
  endpoints[0]->breaker.failed(rules, Instant{});
  world::TraceHash hash;
  world::SeededRandom random(1, "balancer", hash);
  EXPECT_EQ(choose(endpoints, {}, Instant{} + 999ms, random), endpoints[1]);
  EXPECT_EQ(choose(endpoints, {}, Instant{} + 1s, random), endpoints[0]);
  endpoints[0]->breaker.begin();
  EXPECT_EQ(choose(endpoints, {}, Instant{} + 1s, random), endpoints[1]) << "one probe at a time";
  endpoints[1]->breaker.failed(rules, Instant{} + 1s);
  EXPECT_EQ(choose(endpoints, {}, Instant{} + 1s, random), nullptr);
}

TEST(Breaker, doubles_its_pause_up_to_the_longest_and_forgets_it_after_a_success) {
  const BreakerRules rules{.failures = 2, .first = 1s, .longest = 3s};
  Breaker breaker;
  Instant now{};
  breaker.failed(rules, now);
  EXPECT_FALSE(breaker.open());
  for (const auto pause : {1s, 2s, 3s, 3s}) {
    breaker.begin();
    breaker.failed(rules, now);
    EXPECT_EQ(breaker.until(), now + pause);
    now = breaker.until();
  }
  breaker.begin();
  breaker.succeeded();
  EXPECT_FALSE(breaker.open());
  breaker.failed(rules, now);
  EXPECT_FALSE(breaker.open()) << "failures in a row are counted anew";
}

}  // namespace
}  // namespace tutti::client
