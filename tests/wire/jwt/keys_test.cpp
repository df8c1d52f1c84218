#include "wire/jwt/keys.hpp"

#include <gtest/gtest.h>

namespace tutti::wire::jwt {
namespace {

// RFC 7517 appendix A.1 and RFC 8037 appendix A.2.
constexpr std::string_view ec =
    R"({"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","kid":"1"})";
constexpr std::string_view ed = R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

KeySet set_of(std::string_view key) { return parse_keys("{\"keys\":[" + std::string(key) + "]}"); }

TEST(JwtKeys, elliptic_curves_become_der) {
  const auto point = set_of(ec);
  ASSERT_EQ(point.keys.size(), 1u) << point.fault;
  EXPECT_EQ(point.keys[0].algorithm, Algorithm::es256);
  EXPECT_EQ(point.keys[0].id, "1");
  EXPECT_EQ(point.keys[0].bytes.size(), 91u);  // as openssl ec -pubout -outform DER writes it
  const auto edwards = set_of(ed);
  ASSERT_EQ(edwards.keys.size(), 1u) << edwards.fault;
  EXPECT_EQ(edwards.keys[0].algorithm, Algorithm::eddsa);
  EXPECT_EQ(edwards.keys[0].bytes.size(), 44u);
}

TEST(JwtKeys, that_cannot_be_used_are_left_out) {
  const std::string short_rsa = R"({"kty":"RSA","e":"AQAB","n":")" + std::string(171, 'x') + "\"}";  // 1024 bits
  for (const std::string& key : {short_rsa, std::string(R"({"kty":"EC","crv":"P-521","x":"AA","y":"AA"})"),
                                 std::string(R"({"kty":"oct","k":"c2hvcnQ"})"), std::string(R"({"kty":"RSA"})"),
                                 std::string(R"({"kty":7})"), std::string(R"({})"), std::string("7"),
                                 std::string(ed).replace(std::string(ed).find('}'), 1, R"(,"use":"enc"})"),
                                 std::string(ed).replace(std::string(ed).find('}'), 1, R"(,"alg":"RS256"})")}) {
    EXPECT_NE(set_of(key).fault, "") << key;
  }
  for (std::string_view json : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":)"})
    EXPECT_NE(parse_keys(json).fault, "") << json;
}

TEST(JwtKeys, algorithms_are_spelled_exactly) {
  Algorithm algorithm{};
  EXPECT_TRUE(algorithm_of("ES256", algorithm));
  EXPECT_EQ(algorithm, Algorithm::es256);
  for (std::string_view name : {"none", "None", "", "rs256", "RS256 ", "RS384", "PS256", "ES256K"})
    EXPECT_FALSE(algorithm_of(name, algorithm)) << name;
}

TEST(JwtKeys, an_ecdsa_signature_becomes_two_integers) {
  std::string signature(64, '\0');
  signature[31] = 1;
  signature[32] = static_cast<char>(0x80);

  EXPECT_EQ(ecdsa_der(signature).substr(0, 5), std::string("\x30\x26\x02\x01\x01", 5));
  EXPECT_EQ(ecdsa_der(signature).substr(5, 4), std::string("\x02\x21\x00\x80", 4));
  EXPECT_EQ(ecdsa_der(std::string(63, 'x')), "");
}

}  // namespace
}  // namespace tutti::wire::jwt
