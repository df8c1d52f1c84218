#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tutti/contract.hpp>

#include "settings/keys.hpp"

namespace {

using tutti::settings::Keys;

struct Retry {
  int attempts = 3;
};
struct Target {
  std::string url = {};
};
struct Tree {
  int value = 0;
  std::vector<Tree> children = {};
};
struct Everything {
  int limit_minor = 5;
  Retry retry = {};
  std::optional<Retry> other = {};
  std::vector<Retry> rules = {};
  std::map<std::string, Target> targets = {};
  std::map<std::string, int> weights = {};
  Tree tree = {};
};
struct Clash {
  int retry_attempts = 1;
  Retry retry = {};
};

std::vector<std::string> names_of(const Keys& keys) {
  std::vector<std::string> names;
  for (const auto& key : keys.all()) names.push_back(key.name + " " + key.variable);
  return names;
}

TEST(Keys, names_every_setting_for_files_and_for_the_environment) {
  const Keys keys(tutti::detail::shape_of<Everything>(), "my-shop");

  EXPECT_EQ(names_of(keys), (std::vector<std::string>{
                                "my-shop.limit_minor MY_SHOP_LIMIT_MINOR",
                                "my-shop.retry MY_SHOP_RETRY",
                                "my-shop.retry.attempts MY_SHOP_RETRY_ATTEMPTS",
                                "my-shop.other MY_SHOP_OTHER",
                                "my-shop.other.attempts MY_SHOP_OTHER_ATTEMPTS",
                                "my-shop.rules MY_SHOP_RULES",
                                "my-shop.targets MY_SHOP_TARGETS",
                                "my-shop.targets.* MY_SHOP_TARGETS_*",
                                "my-shop.targets.*.url MY_SHOP_TARGETS_*_URL",
                                "my-shop.weights MY_SHOP_WEIGHTS",
                                "my-shop.weights.* MY_SHOP_WEIGHTS_*",
                                "my-shop.tree MY_SHOP_TREE",
                                "my-shop.tree.value MY_SHOP_TREE_VALUE",
                                "my-shop.tree.children MY_SHOP_TREE_CHILDREN",
                            }));
}

TEST(Keys, finds_the_entry_of_a_map_by_variable_and_by_name) {
  const Keys keys(tutti::detail::shape_of<Everything>(), "s");

  const auto by_variable = keys.by_variable("S_TARGETS_BIG_SHOP_URL");
  ASSERT_TRUE(by_variable);
  EXPECT_EQ(by_variable->name, "s.targets.big_shop.url");
  const auto by_name = keys.by_name("s.targets.big-shop.url");
  ASSERT_TRUE(by_name);
  EXPECT_EQ(by_name->entry, "big-shop");
}

TEST(Keys, takes_the_entry_that_is_there_when_a_variable_cannot_spell_it) {
  const Keys keys(tutti::detail::shape_of<Everything>(), "s");
  Everything value{.targets = {{"big-shop", {"old"}}}};

  auto match = keys.by_variable("S_TARGETS_BIG_SHOP_URL");
  *static_cast<std::string*>(tutti::settings::reach(*match, &value)) = "new";

  ASSERT_EQ(value.targets.size(), 1u);
  EXPECT_EQ(value.targets.at("big-shop").url, "new");
  EXPECT_EQ(match->name, "s.targets.big-shop.url");
}

TEST(Keys, says_which_settings_a_variable_cannot_tell_apart) {
  EXPECT_EQ(Keys(tutti::detail::shape_of<Clash>(), "s").clash(),
            "settings \"s.retry_attempts\" and \"s.retry.attempts\" have the same variable S_RETRY_ATTEMPTS; rename "
            "one of the fields");
  EXPECT_EQ(Keys(tutti::detail::shape_of<Everything>(), "s").clash(), "");
}

TEST(Keys, suggests_the_nearest_name_and_nothing_that_is_far) {
  EXPECT_EQ(tutti::settings::nearest("limt_minor", {"retry", "limit_minor"}), "limit_minor");
  EXPECT_EQ(tutti::settings::nearest("atempts", {"attempts"}), "attempts");
  EXPECT_EQ(tutti::settings::nearest("colour", {"retry", "limit_minor"}), "");
  EXPECT_EQ(tutti::settings::nearest(std::string(10'000, 'x'), {"retry"}), "");
}

}  // namespace
