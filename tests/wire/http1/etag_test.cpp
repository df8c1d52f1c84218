#include "wire/http1/etag.hpp"

#include <gtest/gtest.h>

namespace tutti::wire::http1 {
namespace {

TEST(Etag, compares_as_the_table_of_rfc_9110_says) {
  EXPECT_FALSE(strongly_equal("W/\"1\"", "W/\"1\""));
  EXPECT_TRUE(weakly_equal("W/\"1\"", "W/\"1\""));
  EXPECT_FALSE(weakly_equal("W/\"1\"", "W/\"2\""));
  EXPECT_FALSE(strongly_equal("W/\"1\"", "\"1\""));
  EXPECT_TRUE(weakly_equal("W/\"1\"", "\"1\""));
  EXPECT_TRUE(strongly_equal("\"1\"", "\"1\""));
}

TEST(Etag, is_quoted_and_may_be_weak) {
  for (std::string_view tag : {"\"\"", "\"abc\"", "W/\"abc\"", "\"a,b\""}) EXPECT_TRUE(is_etag(tag)) << tag;
  for (std::string_view tag : {"", "abc", "\"", "w/\"a\"", "\"a b\"", "\"a\"b\"", "*"})
    EXPECT_FALSE(is_etag(tag)) << tag;
}

TEST(Etag, is_looked_for_in_lists) {
  EXPECT_TRUE(none_match_has("\"xyzzy\", W/\"r2d2xxxx\", \"c3,piozzzz\"", "\"r2d2xxxx\""));
  EXPECT_TRUE(none_match_has("\"a\", \"c3,piozzzz\"", "\"c3,piozzzz\""));
  EXPECT_TRUE(none_match_has(" * ", "\"a\""));
  EXPECT_FALSE(none_match_has("\"b\", c", "\"a\""));
  EXPECT_FALSE(none_match_has("", "\"a\""));
  EXPECT_TRUE(match_allows("\"b\", \"a\"", "\"a\""));
  EXPECT_FALSE(match_allows("W/\"a\"", "\"a\""));
}

TEST(Etag, of_bytes_is_a_strong_tag_that_follows_them) {
  EXPECT_EQ(etag_of(""), "\"cbf29ce484222325\"");
  EXPECT_EQ(etag_of("a"), "\"af63dc4c8601ec8c\"");
  EXPECT_TRUE(is_etag(etag_of("mug.png")));
}

}  // namespace
}  // namespace tutti::wire::http1
