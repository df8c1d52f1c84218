// An endpoint that fails more often than the others is left alone, and comes back; one that refuses as it is overloaded
// is not taken for broken.
#include <gtest/gtest.h>

#include <vector>

#include "client/given.hpp"
#include "world/simulated.hpp"

namespace tutti::client::testing {
namespace {

// Some instances of the store, and a client of all of them.
struct Stores {
  explicit Stores(std::size_t count, TargetSettings settings = {}) {
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(std::make_unique<RpcStore>(runtime::Shard::current(), "127.0.0.1:" + std::to_string(7001 + i)));
      settings.endpoints.push_back(all.back()->name);
    }
    client = client_for(settings);
  }
  // So many calls, one after the other; how many failed.
  int call(int times) {
    int failed = 0;
    for (int i = 0; i < times; ++i) {
      try {
        (void)testing::call(*client, store::put, store::Put{.key = "k"});
      } catch (const Error&) {
        ++failed;
      }
    }
    return failed;
  }
  [[nodiscard]] Client::TargetReport report() const { return client->report().front(); }
  RpcStore& operator[](std::size_t i) { return *all[i]; }

  std::vector<std::unique_ptr<RpcStore>> all;
  std::unique_ptr<Client> client;
};

TEST(Outlier, one_that_fails_while_the_others_do_not_is_left_alone) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Stores stores(3);
    stores[1].broken = true;

    const int at_first = stores.call(100);
    const int later = stores.call(300);

    EXPECT_GE(at_first, 10);
    EXPECT_LT(at_first, 30);
    EXPECT_EQ(later, 0);
    EXPECT_EQ(stores.report().ejected, 1u);
    EXPECT_EQ(stores.report().ejections, 1u);
  });
}

TEST(Outlier, a_probe_decides_whether_it_comes_back_and_each_time_it_is_away_for_longer) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Stores stores(2);
    stores[1].broken = true;
    (void)stores.call(100);
    ASSERT_EQ(stores.report().ejected, 1u);

    sleep(11s);
    EXPECT_EQ(stores.call(100), 1) << "the probe";
    sleep(11s);
    EXPECT_EQ(stores.call(100), 0) << "away for 20 s now";
    stores[1].broken = false;
    sleep(10s);
    stores[1].calls = 0;
    EXPECT_EQ(stores.call(100), 0);
    EXPECT_EQ(stores.report().ejected, 0u);
    EXPECT_GT(stores[1].calls, 20);
  });
}

TEST(Outlier, what_fails_everywhere_ejects_nobody) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Stores stores(3);
    for (std::size_t i = 0; i < 3; ++i) stores[i].broken = true;

    EXPECT_EQ(stores.call(300), 300);

    EXPECT_EQ(stores.report().ejected, 0u);
  });
}

TEST(Outlier, no_more_than_their_share_are_away) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Stores stores(5, {.ejection_share_max = 0.2});
    stores[0].broken = stores[1].broken = true;

    EXPECT_GT(stores.call(600), 40);

    EXPECT_EQ(stores.report().ejected, 1u);
  });
}

TEST(Outlier, a_single_endpoint_is_never_away) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Stores stores(1);
    stores[0].broken = true;
    (void)stores.call(100);
    stores[0].broken = false;

    EXPECT_EQ(stores.call(10), 0);
  });
}

TEST(Outlier, the_ejected_one_is_asked_when_the_others_do_not_answer) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Stores stores(2);
    stores[1].broken = true;
    (void)stores.call(100);
    stores[1].broken = false;
    stores[0].unavailable = true;

    (void)stores.call(20);

    EXPECT_EQ(stores.report().open_breakers, 1u);
    EXPECT_EQ(stores.call(20), 0);
  });
}

TEST(Outlier, without_the_setting_nobody_is_ejected) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Stores stores(3, {.ejection_failures = 0});
    stores[1].broken = true;

    EXPECT_GT(stores.call(300), 50);

    EXPECT_EQ(stores.report().ejected, 0u);
  });
}

TEST(Outlier, an_overloaded_instance_is_not_broken_and_another_one_is_asked_whatever_the_method) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Stores stores(2);
    stores[0].overloaded = true;

    const int failed = stores.call(10);  // put may not be repeated

    EXPECT_EQ(failed, 0);
    EXPECT_GT(stores[0].calls, 0);
    EXPECT_EQ(stores[1].calls, 10);
    EXPECT_EQ(stores.report().open_breakers, 0u);
    EXPECT_EQ(stores.report().ejected, 0u);
  });
}

TEST(Outlier, over_http_likewise) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    HttpStore full(runtime::Shard::current(), "127.0.0.1:7001");
    HttpStore free(runtime::Shard::current(), "127.0.0.1:7002");
    full.overloaded = true;
    const auto client = client_for({.endpoints = {full.name, free.name}}, Transport::http);

    for (int i = 0; i < 10; ++i) EXPECT_EQ(call(*client, store::put, store::Put{.key = "k"}).by, free.name);

    EXPECT_GT(full.calls, 0);
    EXPECT_EQ(client->report().front().open_breakers, 0u);
  });
}

}  // namespace
}  // namespace tutti::client::testing
