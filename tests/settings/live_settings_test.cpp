#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tutti/contract.hpp>
#include <tutti/live.hpp>

#include "settings/process.hpp"

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tutti::settings::LiveSettings;
using tutti::settings::Process;
using tutti::settings::Sources;

struct Inner {
  tutti::Live<std::vector<std::string>> hosts = std::vector<std::string>{"a"};
};
struct Settings {
  tutti::Live<tutti::Range<int, 1, 100>> limit = tutti::Range<int, 1, 100>{5};
  Inner inner = {};
};

struct LiveSettingsTest : ::testing::Test {
  void load() {
    sources.emplace(process.given());
    sources->load(tutti::detail::shape_of<Settings>(), &settings, "payments");
    live.emplace(*sources);
  }
  int limit() const { return *settings.limit; }

  Process process;
  Settings settings;
  std::optional<Sources> sources;
  std::optional<LiveSettings> live;
};

TEST_F(LiveSettingsTest, follow_a_mounted_file) {
  process.mounted("payments.limit", "10\n");
  load();
  EXPECT_EQ(limit(), 10);
  EXPECT_FALSE(live->refresh()) << "nothing changed";

  process.mounted("payments.limit", "20\n");

  EXPECT_TRUE(live->refresh());
  EXPECT_EQ(limit(), 20);
  EXPECT_THAT(live->changed(), ElementsAre("payments.limit"));
  EXPECT_EQ(sources->effective().at(0).value, "20");
  EXPECT_FALSE(live->refresh());
}

TEST_F(LiveSettingsTest, are_taken_from_a_file_that_comes_later) {
  process.variable("TUTTI_SETTINGS_DIR", "/run/secrets").file("/run/secrets/other", "");
  load();
  EXPECT_EQ(limit(), 5);

  process.mounted("payments.inner.hosts", "b,c");

  EXPECT_TRUE(live->refresh());
  EXPECT_EQ(*settings.inner.hosts, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(sources->effective().at(1).source, "/run/secrets/payments.inner.hosts");
}

TEST_F(LiveSettingsTest, keep_the_old_value_while_the_new_one_is_wrong) {
  process.mounted("payments.limit", "10");
  load();

  process.mounted("payments.limit", "101");

  EXPECT_FALSE(live->refresh());
  EXPECT_EQ(limit(), 10);
  EXPECT_THAT(
      live->problems(),
      ElementsAre(
          "mounted file /run/secrets/payments.limit: payments.limit is \"101\"; expected a whole number from 1 to "
          "100; the value before it stays in force"));
  EXPECT_FALSE(live->refresh());
  EXPECT_EQ(live->problems().size(), 1u) << "still wrong";

  process.mounted("payments.limit", "100");
  EXPECT_TRUE(live->refresh());
  EXPECT_THAT(live->problems(), IsEmpty());
}

TEST_F(LiveSettingsTest, keep_the_value_of_a_file_that_is_gone) {
  process.mounted("payments.limit", "10");
  load();

  EXPECT_EQ(process.world().files().remove("/run/secrets/payments.limit"), 0);

  EXPECT_FALSE(live->refresh());
  EXPECT_EQ(limit(), 10);
}

TEST_F(LiveSettingsTest, do_not_change_what_a_stronger_source_says) {
  process.mounted("payments.limit", "10").variable("PAYMENTS_LIMIT", "7");
  load();

  process.mounted("payments.limit", "20");

  EXPECT_FALSE(live->refresh());
  EXPECT_EQ(limit(), 7);
}

}  // namespace
