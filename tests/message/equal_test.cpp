// Comparing, printing and copying by shape.
#include "message/equal.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "message/everything.hpp"

namespace equal {

using everything::Everything;
using everything::sample;
using tutti::detail::shape_of;

struct Login {
  std::string user;
  tutti::Secret password;
  std::optional<int> attempt;
};

std::string differences(const Everything& actual, const Everything& expected) {
  std::string text;
  for (const auto& line : tutti::message::differences(shape_of<Everything>(), &actual, &expected)) text += line + "\n";
  return text;
}

TEST(Equal, finds_no_difference_between_copies) {
  const Everything original = sample();
  Everything copy{};

  tutti::message::copy_value(shape_of<Everything>(), &original, &copy);

  EXPECT_EQ(differences(copy, original), "");
  EXPECT_TRUE(tutti::message::same(shape_of<Everything>(), &copy, &original));
  EXPECT_EQ(everything::json_of(copy), everything::sample_json);
}

TEST(Equal, names_each_place_that_differs) {
  Everything changed = sample();
  changed.points[1].y = 901;
  changed.flags.push_back(true);
  changed.counts.erase("a");
  changed.counts["b"] = 3;
  changed.note = std::nullopt;
  changed.figure = everything::Circle{};
  changed.tree.children[1].children[0].name = "bud";

  EXPECT_EQ(differences(changed, sample()),
            "note: nothing, expected \"kept\"\n"
            "points[1].y: 901, expected 4\n"
            "flags: 4 items, expected 3 items\n"
            "counts[\"b\"]: 3, expected nothing\n"
            "counts[\"a\"]: nothing, expected 1\n"
            "figure.type: Circle, expected Square\n"
            "tree.children[1].children[0].name: \"bud\", expected \"leaf\"\n");
}

TEST(Equal, takes_two_nan_for_the_same) {
  Everything a = sample();
  Everything b = sample();
  a.real = std::nan("");
  EXPECT_EQ(differences(a, b), "real: nan, expected 0.1\n");
  b.real = std::nan("");
  EXPECT_EQ(differences(a, b), "");
}

TEST(Printed, reads_like_the_source_and_hides_secrets) {
  const Login login{"ada", "hunter2", std::nullopt};
  EXPECT_EQ(tutti::message::printed(shape_of<Login>(), &login), R"(Login{user: "ada", password: "***"})");
  const everything::Point point{1, 2};
  EXPECT_EQ(tutti::message::printed(shape_of<everything::Point>(), &point), "Point{x: 1, y: 2}");
  const std::vector<std::chrono::seconds> pauses{std::chrono::seconds(90)};
  EXPECT_EQ(tutti::message::printed(shape_of<std::vector<std::chrono::seconds>>(), &pauses), R"(["PT1M30S"])");
}

}  // namespace equal
