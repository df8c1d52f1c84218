// Scalars and lists of scalars as plain text, for parameters and the environment.
#include "message/text_value.hpp"

#include <gtest/gtest.h>

#include "message/everything.hpp"

namespace text_value {

using tutti::detail::shape_of;

// The value written again after it was read, or what was wrong.
template <class T>
std::string through(std::string_view text) {
  T value{};
  tutti::Violations violations;
  const tutti::message::Place at{.name = "limit"};
  tutti::message::read_text(shape_of<T>(), &value, text, at, violations);
  if (!violations.empty()) return violations.to_string();
  std::string out;
  tutti::message::write_text(shape_of<T>(), &value, out);
  return out;
}

TEST(TextValue, survives_for_every_scalar) {
  EXPECT_EQ(through<bool>("true"), "true");
  EXPECT_EQ(through<bool>("0"), "false");
  EXPECT_EQ(through<int>("-7"), "-7");
  EXPECT_EQ(through<std::uint64_t>("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(through<double>("0.1"), "0.1");
  EXPECT_EQ(through<float>("0.1"), "0.1");
  EXPECT_EQ(through<std::string>("a,b \xC3\xA9"), "a,b \xC3\xA9");
  EXPECT_EQ(through<tutti::Bytes>("AP8="), "AP8=");
  EXPECT_EQ(through<tutti::Time>("2026-01-31T13:00:00+01:00"), "2026-01-31T12:00:00Z");
  EXPECT_EQ(through<std::chrono::milliseconds>("PT0.5S"), "PT0.5S");
  EXPECT_EQ(through<everything::Currency>("gbp"), "gbp");
  EXPECT_EQ(through<std::optional<int>>("5"), "5");
}

TEST(TextValue, says_what_is_wrong) {
  EXPECT_EQ(through<int>("tow"), "limit: expected a whole number from -2147483648 to 2147483647, found \"tow\"");
  EXPECT_EQ(through<int>(""), "limit: expected a whole number from -2147483648 to 2147483647, found nothing");
  EXPECT_EQ((through<tutti::Range<int, 1, 3>>("4")), "limit: expected a whole number from 1 to 3, found \"4\"");
  EXPECT_EQ(through<bool>("yes"), "limit: expected true or false, found \"yes\"");
  EXPECT_EQ(through<everything::Currency>("chf"), "limit: expected one of eur, usd, gbp, found \"chf\"");
  EXPECT_EQ(through<std::chrono::seconds>("PT0.5S"), "limit: expected a duration such as PT1.5S, found \"PT0.5S\"");
  EXPECT_EQ((through<tutti::Text<2, 3>>("a")), "limit: expected a text of 2 to 3 characters, found 1 character");
  EXPECT_EQ(through<std::string>("\xFF"), "limit: expected valid UTF-8, found \"?\"");
  for (const auto* text : {"1 ", " 1", "+1", "1.0", "0x1", "1e3", "99999999999"}) {
    EXPECT_NE(through<int>(text).find("expected"), std::string::npos) << text;
  }
  for (const auto* text : {"nan", "inf", "1e999", "", "1,5"}) {
    EXPECT_NE(through<double>(text).find("expected"), std::string::npos) << text;
  }
}

TEST(TextValue, separates_lists_by_commas) {
  EXPECT_EQ(through<std::vector<int>>("1,2,3"), "1,2,3");
  EXPECT_EQ(through<std::vector<int>>(""), "");
  EXPECT_EQ(through<std::vector<bool>>("true,false"), "true,false");
  EXPECT_EQ(through<std::vector<std::string>>("a\\,b,c\\\\"), "a\\,b,c\\\\");
  EXPECT_EQ((through<std::array<int, 2>>("1,2")), "1,2");
  EXPECT_EQ(through<std::vector<int>>("1,x"),
            "limit[1]: expected a whole number from -2147483648 to 2147483647, found \"x\"");
  EXPECT_EQ((through<std::array<int, 2>>("1,2,3")), "limit: expected a list of exactly 2 items, found 3 items");
  EXPECT_EQ((through<tutti::Items<int, 1, 2>>("")), "limit: expected a list of 1 to 2 items, found 0 items");
}

TEST(TextValue, adds_items_of_a_repeated_key) {
  std::vector<std::string> tags;
  tutti::Violations violations;
  tutti::message::read_item(shape_of<std::vector<std::string>>(), &tags, "red,dark", {}, violations);
  tutti::message::read_item(shape_of<std::vector<std::string>>(), &tags, "green", {}, violations);
  EXPECT_EQ(tags, (std::vector<std::string>{"red,dark", "green"}));
}

TEST(TextValue, knows_which_shapes_have_a_text) {
  EXPECT_TRUE(tutti::message::has_text(shape_of<std::optional<std::vector<int>>>()));
  EXPECT_FALSE(tutti::message::has_text(shape_of<everything::Point>()));
  EXPECT_FALSE(tutti::message::has_text(shape_of<std::vector<everything::Point>>()));
}

}  // namespace text_value
