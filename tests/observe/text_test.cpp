#include "observe/text.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace tutti::observe {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json(out, text);
  return out;
}
std::string value_json(const AttributeValue& value) {
  std::string out;
  append_json(out, value);
  return out;
}
std::string time(std::int64_t nanoseconds) {
  std::string out;
  append_time(out, Time{std::chrono::nanoseconds(nanoseconds)});
  return out;
}

TEST(Text, escapes_quotes_backslashes_and_control_characters_in_json) {
  EXPECT_EQ(json("a\"b\\c\n\r\t\x01\x7f z"), R"("a\"b\\c\n\r\t\u0001\u007f z")");
  EXPECT_EQ(json(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(json(""), R"("")");
}

TEST(Text, keeps_utf8_and_replaces_what_is_none) {
  EXPECT_EQ(json("Gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x99\x82"),
            "\"Gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x99\x82\"");
  EXPECT_EQ(json("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(json("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"") << "overlong";
  EXPECT_EQ(json("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"") << "surrogate";
  EXPECT_EQ(json("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"") << "cut short";
  EXPECT_EQ(json("\xF4\x90\x80\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"") << "beyond U+10FFFF";
}

TEST(Text, writes_each_kind_of_value_exactly) {
  EXPECT_EQ(value_json(AttributeValue(std::numeric_limits<std::int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(value_json(AttributeValue(std::numeric_limits<std::uint64_t>::max())), "18446744073709551615");
  EXPECT_EQ(value_json(AttributeValue(0.1)), "0.1");
  EXPECT_EQ(value_json(AttributeValue(1e16)), "1e+16");
  EXPECT_EQ(value_json(AttributeValue(std::numeric_limits<double>::infinity())), "\"Infinity\"");
  EXPECT_EQ(value_json(AttributeValue(true)), "true");
  EXPECT_EQ(value_json(AttributeValue("text")), "\"text\"");
  EXPECT_EQ(value_json(AttributeValue(std::string("owned"))), "\"owned\"");
}

TEST(Text, writes_times_with_nine_digits_before_and_after_1970) {
  EXPECT_EQ(time(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(time(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(time(1'786'000'000'123'456'789), "2026-08-06T07:06:40.123456789Z");
  EXPECT_EQ(time(std::numeric_limits<std::int64_t>::max()), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(time(std::numeric_limits<std::int64_t>::min()), "1677-09-21T00:12:43.145224192Z");
}

TEST(Text, cuts_without_splitting_a_character) {
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abcd", 3), "abc");
  EXPECT_EQ(cut("ab\xE2\x82\xAC", 4), "ab");
  EXPECT_EQ(cut("ab\xE2\x82\xAC", 5), "ab\xE2\x82\xAC");
  EXPECT_EQ(cut("\x80\x80\x80\x80\x80\x80", 5).size(), 2u) << "garbage may be cut anywhere near";
}

}  // namespace
}  // namespace tutti::observe
