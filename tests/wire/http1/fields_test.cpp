#include "wire/http1/fields.hpp"

#include <gtest/gtest.h>

#include <string>

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {
namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

TEST(Fields, knows_each_name_of_its_table_in_any_case) {
  for (std::size_t i = 0; i < known_count; ++i) {
    const auto known = static_cast<Known>(i);
    EXPECT_EQ(known_of(name_of(known)), known) << name_of(known);
    EXPECT_EQ(known_of(upper(name_of(known))), known) << name_of(known);
    EXPECT_EQ(known_of(std::string(name_of(known)) + "x"), Known::other);
  }
  EXPECT_EQ(known_of("content-lengtH"), Known::content_length);
  EXPECT_EQ(known_of("content_length"), Known::other);
  EXPECT_EQ(known_of(""), Known::other);
  EXPECT_EQ(known_of(std::string(200, 'a')), Known::other);
}

TEST(Fields, tells_an_empty_value_from_none_and_one_from_many) {
  Fields fields;
  ASSERT_TRUE(fields.add("Accept", ""));
  ASSERT_TRUE(fields.add("cookie", "a=1"));
  ASSERT_TRUE(fields.add("Cookie", "b=2"));
  ASSERT_TRUE(fields.add("x-own", "1"));

  EXPECT_TRUE(fields.has(Known::accept));
  EXPECT_FALSE(fields.has(Known::host));
  EXPECT_FALSE(fields.repeated(Known::accept));
  EXPECT_TRUE(fields.repeated(Known::cookie));
  EXPECT_EQ(fields.get(Known::cookie), "a=1");
  ASSERT_NE(fields.find("X-OWN"), nullptr);
  EXPECT_EQ(fields.find("X-OWN")->value, "1");
  EXPECT_EQ(fields.find("x-other"), nullptr);
}

TEST(Fields, refuses_one_more_than_its_capacity_and_forgets_all_on_clear) {
  Fields fields;
  for (std::size_t i = 0; i < Fields::capacity; ++i) ASSERT_TRUE(fields.add("host", "a"));

  EXPECT_FALSE(fields.add("host", "a"));

  fields.clear();
  EXPECT_EQ(fields.size(), 0u);
  EXPECT_FALSE(fields.has(Known::host));
  EXPECT_FALSE(fields.repeated(Known::host));
}

TEST(Characters, split_lists_outside_of_quoted_strings) {
  std::string_view rest = " a , \"b, \\\" c\" ,, d;e=\"f,g\"";
  std::string_view member;

  ASSERT_TRUE(next_member(rest, member));
  EXPECT_EQ(member, "a");
  ASSERT_TRUE(next_member(rest, member));
  EXPECT_EQ(member, "\"b, \\\" c\"");
  ASSERT_TRUE(next_member(rest, member));
  EXPECT_EQ(member, "d;e=\"f,g\"");
  EXPECT_FALSE(next_member(rest, member));
}

TEST(Characters, read_lengths_without_signs_spaces_or_overflow) {
  EXPECT_EQ(parse_decimal("0"), 0u);
  EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
  for (std::string_view text :
       {"", "+1", "-1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "99999999999999999999"}) {
    EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tutti::wire::http1
