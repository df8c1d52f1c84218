#include "wire/http1/router.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tutti::wire::http1 {
namespace {

using Outcome = RouteMatch::Outcome;

struct RouterTest : ::testing::Test {
  Router router;

  void add(Method method, std::string_view pattern, std::uint32_t route) {
    const auto clash = router.add(method, pattern, route);
    ASSERT_FALSE(clash) << clash->message;
  }
  [[nodiscard]] std::string find(Method method, std::string_view path) const {
    const RouteMatch match = router.find(method, path);
    switch (match.outcome) {
      case Outcome::not_found:
        return "404";
      case Outcome::not_allowed:
        return "405 " + match.allowed.to_string();
      case Outcome::options:
        return "options " + match.allowed.to_string();
      case Outcome::found:
        break;
    }
    std::string out = std::to_string(match.route);
    for (std::size_t i = 0; i < match.count; ++i) out += " " + std::string(match.values[i]);
    return out;
  }
};

TEST_F(RouterTest, finds_literals_parameters_and_rests) {
  add(Method::get, "/", 1);
  add(Method::get, "/charges", 2);
  add(Method::get, "/charges/{id}", 3);
  add(Method::get, "/charges/{id}/lines/{line}", 4);
  add(Method::get, "/static/{file...}", 5);

  EXPECT_EQ(find(Method::get, "/"), "1");
  EXPECT_EQ(find(Method::get, "/charges"), "2");
  EXPECT_EQ(find(Method::get, "/charges/o-17"), "3 o-17");
  EXPECT_EQ(find(Method::get, "/charges/a%2Fb"), "3 a%2Fb");
  EXPECT_EQ(find(Method::get, "/charges/o/lines/2"), "4 o 2");
  EXPECT_EQ(find(Method::get, "/static/js/app.js"), "5 js/app.js");
  EXPECT_EQ(find(Method::get, "/static/"), "404");
  EXPECT_EQ(find(Method::get, "/static"), "404");
  EXPECT_EQ(find(Method::get, "/charges/"), "404");
  EXPECT_EQ(find(Method::get, "/charges/o/lines"), "404");
  EXPECT_EQ(find(Method::get, "/charges/o/lines/2/x"), "404");
  EXPECT_EQ(find(Method::get, "/Charges"), "404");
  EXPECT_EQ(find(Method::get, "charges"), "404");
  EXPECT_EQ(find(Method::get, ""), "404");
}

TEST_F(RouterTest, prefers_a_literal_and_comes_back_when_it_leads_nowhere) {
  add(Method::get, "/users/me", 1);
  add(Method::get, "/users/{id}", 2);
  add(Method::get, "/users/{id}/posts", 3);
  add(Method::get, "/users/{all...}", 4);

  EXPECT_EQ(find(Method::get, "/users/me"), "1");
  EXPECT_EQ(find(Method::get, "/users/you"), "2 you");
  EXPECT_EQ(find(Method::get, "/users/me/posts"), "3 me");
  EXPECT_EQ(find(Method::get, "/users/me/likes"), "4 me/likes");
}

TEST_F(RouterTest, tells_405_with_the_allowed_methods_from_404) {
  add(Method::get, "/charges/{id}", 1);
  add(Method::del, "/charges/{key}", 2);
  add(Method::post, "/charges", 3);

  EXPECT_EQ(find(Method::put, "/charges/1"), "405 GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(find(Method::other, "/charges"), "405 POST, OPTIONS");
  EXPECT_EQ(find(Method::connect, "/charges"), "405 POST, OPTIONS");
  EXPECT_EQ(find(Method::put, "/refunds"), "404");
}

TEST_F(RouterTest, finds_a_method_of_a_less_exact_pattern_before_it_says_405) {
  add(Method::get, "/a/b", 1);
  add(Method::post, "/a/{x}", 2);

  EXPECT_EQ(find(Method::post, "/a/b"), "2 b");
  EXPECT_EQ(find(Method::put, "/a/b"), "405 GET, HEAD, POST, OPTIONS");
}

TEST_F(RouterTest, answers_head_by_get_and_options_by_itself) {
  add(Method::get, "/a", 1);
  add(Method::options, "/b", 2);
  add(Method::head, "/c", 3);
  add(Method::get, "/c", 4);

  EXPECT_EQ(router.find(Method::head, "/a").route, 1u);
  EXPECT_EQ(router.find(Method::head, "/a").method, Method::get);
  EXPECT_EQ(find(Method::head, "/c"), "3");
  EXPECT_EQ(find(Method::options, "/a"), "options GET, HEAD, OPTIONS");
  EXPECT_EQ(find(Method::options, "/b"), "2");
  EXPECT_EQ(find(Method::options, "/z"), "404");
  EXPECT_EQ(find(Method::head, "/b"), "405 OPTIONS");
}

TEST_F(RouterTest, names_both_patterns_of_a_clash) {
  add(Method::get, "/charges/{id}", 1);

  const auto clash = router.add(Method::get, "/charges/{charge}", 2);

  ASSERT_TRUE(clash);
  EXPECT_EQ(clash->existing, "/charges/{id}");
  EXPECT_EQ(clash->message,
            "route GET \"/charges/{charge}\" is the same place as \"/charges/{id}\"; give one of them another path");
  EXPECT_FALSE(router.add(Method::post, "/charges/{charge}", 3));
  EXPECT_FALSE(router.add(Method::get, "/charges/{rest...}", 4));
  EXPECT_EQ(find(Method::get, "/charges/x"), "1 x");
}

TEST_F(RouterTest, refuses_malformed_patterns) {
  std::string deep;
  for (int i = 0; i < 33; ++i) deep += "/a";
  for (std::string_view pattern : {"", "a", "/a b", "/{}", "/{a", "/a}", "/x{a}", "/{a}x", "/{a}{b}", "/{a}/{a}",
                                   "/{a...}/b", "/{...}", "/{a b}", "/..", "/%2", deep.c_str()}) {
    const auto clash = router.add(Method::get, pattern, 1);
    ASSERT_TRUE(clash) << pattern;
    EXPECT_EQ(clash->existing, "");
  }
}

TEST(Routes, name_their_parameters) {
  EXPECT_EQ(parameters_of("/charges/{id}/lines/{line...}"), (std::vector<std::string>{"id", "line"}));
  EXPECT_EQ(parameters_of("/charges"), std::vector<std::string>{});
  EXPECT_EQ(parameters_of("charges"), std::nullopt);
}

}  // namespace
}  // namespace tutti::wire::http1
