#include "wire/jwt/token.hpp"

#include <gtest/gtest.h>

namespace tutti::wire::jwt {
namespace {

// The example of RFC 7515 appendix A.1.
constexpr std::string_view example =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

TEST(JwtToken, of_the_rfc_is_read) {
  const auto parsed = parse_token(example);

  ASSERT_TRUE(parsed.token) << parsed.fault;
  EXPECT_EQ(parsed.token->algorithm, "HS256");
  EXPECT_EQ(parsed.token->key_id, "");
  EXPECT_EQ(parsed.token->signed_part, example.substr(0, example.rfind('.')));
  EXPECT_EQ(parsed.token->signature.size(), 32u);
  EXPECT_EQ(text_claim(parsed.token->claims, "iss"), "joe");
  EXPECT_EQ(time_claim(parsed.token->claims, "exp"), 1300819380);
}

TEST(JwtToken, cut_anywhere_is_none_or_has_another_signature) {
  for (std::size_t size = 0; size < example.size(); ++size) {
    const auto parsed = parse_token(example.substr(0, size));
    EXPECT_TRUE(!parsed.token || parsed.token->signature.size() < 32) << size;
  }
}

TEST(JwtToken, has_one_spelling_in_base64url) {
  EXPECT_EQ(read_base64url("_-8"), "\xff\xef");
  EXPECT_EQ(read_base64url(""), "");
  for (std::string_view text : {"_-8=", "_-9", "/+8", "_", "_-8\n", " _-8", "_-8a="})
    EXPECT_FALSE(read_base64url(text)) << text;
}

constexpr std::string_view claims =
    R"({"sub":"a","aud":["x","y"],"exp":1.5,"realm":{"roles":["r"]},"a.b":"whole","a":{"b":"inner"},"n":null,"list":["x",7]})";

TEST(JwtToken, claims_are_found_by_their_path) {
  EXPECT_EQ(text_claim(claims, "sub"), "a");
  EXPECT_EQ(list_claim(claims, "aud"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(list_claim(claims, "sub"), (std::vector<std::string>{"a"}));
  EXPECT_EQ(list_claim(claims, "realm.roles"), (std::vector<std::string>{"r"}));
  EXPECT_EQ(text_claim(claims, "a.b"), "whole");
  EXPECT_EQ(time_claim(claims, "exp"), 1.5);
}

TEST(JwtToken, claims_of_another_type_are_not_there) {
  EXPECT_FALSE(text_claim(claims, "exp"));
  EXPECT_FALSE(text_claim(claims, "n"));
  EXPECT_FALSE(text_claim(claims, "realm"));
  EXPECT_FALSE(time_claim(claims, "sub"));
  EXPECT_FALSE(list_claim(claims, "list"));
  EXPECT_FALSE(list_claim(claims, "sub.roles"));
  EXPECT_FALSE(list_claim(claims, "missing"));
}

}  // namespace
}  // namespace tutti::wire::jwt
