#include "wire/http1/media_type.hpp"

#include <gtest/gtest.h>

#include <array>

namespace tutti::wire::http1 {
namespace {

constexpr std::array<std::string_view, 3> offered = {"application/json", "text/event-stream",
                                                     "text/html; charset=utf-8"};

TEST(MediaType, is_read_with_its_parameters) {
  const auto media = parse_media_type("Text/HTML; Charset=\"utf-8\"; x=a");
  ASSERT_TRUE(media);
  EXPECT_TRUE(media->is("text/html"));
  EXPECT_EQ(media->parameter("charset"), "utf-8");
  EXPECT_EQ(media->parameter("x"), "a");
  EXPECT_EQ(media->parameter("y"), std::nullopt);
  for (std::string_view text : {"", "text", "text/", "/html", "te xt/html", "text/ht ml"})
    EXPECT_FALSE(parse_media_type(text)) << text;
}

TEST(MediaType, knows_json_by_its_suffix_too) {
  EXPECT_TRUE(is_json(*parse_media_type("application/json;charset=utf-8")));
  EXPECT_TRUE(is_json(*parse_media_type("application/problem+JSON")));
  EXPECT_FALSE(is_json(*parse_media_type("text/json")));
}

TEST(Accept, takes_what_weighs_most_and_is_named_most_exactly) {
  EXPECT_EQ(preferred("", offered), 0u);
  EXPECT_EQ(preferred("*/*", offered), 0u);
  EXPECT_EQ(preferred("text/event-stream", offered), 1u);
  EXPECT_EQ(preferred("text/*;q=0.5, application/json;q=0.4", offered), 1u);
  EXPECT_EQ(preferred("text/*, text/event-stream;q=0.1", offered), 2u);
  EXPECT_EQ(preferred("text/html, application/xhtml+xml, */*;q=0.8", offered), 2u);
  EXPECT_EQ(preferred("application/json;q=0, */*;q=0.1", offered), 1u);
}

TEST(Accept, takes_nothing_that_is_not_accepted) {
  for (std::string_view accept : {"image/png", "application/json;q=0", "*/json", "application/json;q=2",
                                  "application/json;q=0.1234", "application/json;q=x", "nonsense"}) {
    EXPECT_EQ(preferred(accept, offered), std::nullopt) << accept;
  }
  EXPECT_EQ(preferred("*/*", {}), std::nullopt);
}

TEST(Quoted, strings_lose_quotes_and_escapes) {
  EXPECT_EQ(unquoted("token"), "token");
  EXPECT_EQ(unquoted("\"a \\\"b\\\\\""), "a \"b\\");
  for (std::string_view text : {"", "a b", "\"", "\"a", "\"a\\\"", "\"a\"b\"", "\"a\x01\""})
    EXPECT_EQ(unquoted(text), std::nullopt) << text;
}

}  // namespace
}  // namespace tutti::wire::http1
