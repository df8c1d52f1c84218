#include "message/json_parts.hpp"

#include <gmock/gmock.h>

#include "message/json_reader.hpp"

namespace tutti::message {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> shown(std::string_view text) {
  EXPECT_TRUE(check_json(text).empty()) << text;
  std::vector<std::string> all;
  for (const JsonPart& part : json_parts(text)) all.push_back(part.name + "=" + std::string(part.text));
  return all;
}

TEST(JsonParts, are_the_members_of_an_object_in_their_order) {
  EXPECT_THAT(shown(R"( {"b":1,"a" : {"c":[1,2],"d":{}} , "e":null}
)"),
              ElementsAre("b=1", R"(a={"c":[1,2],"d":{}})", "e=null"));
}

TEST(JsonParts, are_the_items_of_an_array) {
  EXPECT_THAT(shown(R"([1, "two" ,[3,[4]],{"five":5}])"), ElementsAre("=1", R"(="two")", "=[3,[4]]", R"(={"five":5})"));
}

TEST(JsonParts, end_where_strings_with_marks_in_them_end) {
  EXPECT_THAT(shown(R"({"a,]}:\"":"x\\","\\":"{[,:\"","\u0062":"\\\\"})"),
              ElementsAre(R"(a,]}:"="x\\")", R"(\="{[,:\"")", R"(b="\\\\")"));
}

TEST(JsonParts, of_what_is_empty_or_has_none_are_none) {
  for (std::string_view text : {"{}", "[ ]", "5", "\"{}\"", "true"}) EXPECT_THAT(shown(text), IsEmpty()) << text;
  EXPECT_THAT(json_parts(""), IsEmpty());
}

TEST(JsonString, is_unescaped_and_nothing_else) {
  EXPECT_EQ(json_string(R"("a\n\u00e9\ud83d\ude00")"), "a\n\u00e9\U0001F600");
  EXPECT_EQ(json_string(R"("")"), "");
  for (std::string_view text : {"", "5", "null", "[\"a\"]", "\"a\"b"}) EXPECT_EQ(json_string(text), std::nullopt) << text;
}

}  // namespace
}  // namespace tutti::message
