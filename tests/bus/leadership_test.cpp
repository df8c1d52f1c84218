// Who leads, in virtual time against the embedded broker: one of all, another when it goes, nobody without a broker.
#include "bus/leadership.hpp"

#include <algorithm>

#include "bus/given.hpp"

namespace tutti::bus::testing {
namespace {

struct Leading : ::testing::Test {
  void run(const std::function<void()>& body) {
    runtime::testing::on_fiber(shard, [&] {
      broker.emplace(shard);
      body();
      instances.clear();
      broker.reset();
    });
  }
  Leadership& start(std::vector<std::string> names = {"reports"}) {
    Leadership& instance = *instances.emplace_back(std::make_unique<Leadership>(shard, link_rules()));
    for (std::string& name : names) instance.contend(std::move(name));
    instance.start();
    return instance;
  }
  [[nodiscard]] std::size_t leaders(std::string_view name = "reports") const {
    return static_cast<std::size_t>(
        std::count_if(instances.begin(), instances.end(), [&](const auto& one) { return one->leads(name); }));
  }
  // At every moment of this time.
  void expect_at_most_one_for(std::chrono::nanoseconds time) {
    for (const Instant end = shard.now() + time; shard.now() < end; sleep(50ms)) ASSERT_LE(leaders(), 1u);
  }

  world::SimulatedWorld world;
  runtime::Shard shard{world, {}};
  std::optional<RunningBroker> broker;
  std::vector<std::unique_ptr<Leadership>> instances;
};

TEST_F(Leading, is_one_of_all) {
  run([&] {
    for (int i = 0; i < 3; ++i) start();
    until([&] { return leaders() == 1; });

    expect_at_most_one_for(1min);
    EXPECT_EQ(leaders(), 1u);
  });
}

TEST_F(Leading, passes_on_when_the_leader_closes) {
  run([&] {
    Leadership& first = start();
    until([&] { return first.leads("reports"); });
    Leadership& second = start();
    until([&] { return second.not_ready().empty(); });
    EXPECT_FALSE(second.leads("reports"));

    first.close(shard.now() + 1s);
    until([&] { return second.leads("reports"); });
    EXPECT_FALSE(first.leads("reports"));
  });
}

TEST_F(Leading, is_told_for_each_name) {
  run([&] {
    Leadership& one = start({"reports", "cleaning"});
    until([&] { return one.leads("reports") && one.leads("cleaning"); });

    EXPECT_FALSE(one.leads("unknown"));
  });
}

TEST_F(Leading, goes_on_while_tokens_are_exchanged) {
  run([&] {
    Leadership& first = start();
    until([&] { return first.leads("reports"); });
    start();

    for (int i = 0; i < 5; ++i) {
      sleep(Leadership::held_longest);
      expect_at_most_one_for(1s);
      until([&] { return first.leads("reports"); });
    }
    EXPECT_LE(broker->waiting("tutti.leader.reports"), 1u);
  });
}

TEST_F(Leading, ends_without_a_broker_and_begins_again_with_one) {
  run([&] {
    start();
    start();
    until([&] { return leaders() == 1; });

    broker->stop();
    until([&] { return leaders() == 0; });
    EXPECT_NE(instances.front()->not_ready(), "");
    broker->start();
    until([&] { return leaders() == 1; });
    expect_at_most_one_for(30s);
  });
}

}  // namespace
}  // namespace tutti::bus::testing
