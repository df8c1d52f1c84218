#include "wire/http1/cors.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace tutti::wire::http1 {
namespace {

RequestHead request(Method method, std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
  RequestHead head;
  head.method = method;
  for (const auto& [name, value] : list) EXPECT_TRUE(head.fields.add(name, value));
  return head;
}
std::string said(const CorsDecision& decision) {
  std::string out = std::to_string(static_cast<int>(decision.kind));
  for (const CorsHeader& header : decision.headers) out += "|" + std::string(header.name) + "=" + header.value;
  return out;
}
const CorsRules shop{
    .origins = {"https://shop.example"}, .headers = {"X-Own"}, .exposed = {"Location"}, .credentials = true};

TEST(Cors, is_closed_by_default) {
  EXPECT_EQ(said(cors({}, request(Method::get, {{"origin", "https://evil.example"}}), "GET")), "0");
}

TEST(Cors, allows_a_known_site_to_read_the_answer) {
  EXPECT_EQ(said(cors(shop, request(Method::get, {{"origin", "https://shop.example"}}), "GET")),
            "1|vary=Origin|access-control-allow-origin=https://shop.example|access-control-allow-credentials=true|"
            "access-control-expose-headers=Location");
}

TEST(Cors, says_nothing_to_strangers_but_that_it_varies) {
  for (std::string_view origin : {"https://evil.example", "http://shop.example", "https://shop.example.evil", "null"}) {
    EXPECT_EQ(said(cors(shop, request(Method::get, {{"origin", origin}}), "GET")), "0|vary=Origin") << origin;
  }
  EXPECT_EQ(said(cors(shop, request(Method::get, {}), "GET")), "0|vary=Origin");
}

TEST(Cors, answers_a_preflight_with_what_is_allowed) {
  const auto asked = [](std::string_view headers) {
    return request(Method::options, {{"origin", "https://shop.example"},
                                     {"access-control-request-method", "POST"},
                                     {"access-control-request-headers", headers}});
  };
  EXPECT_EQ(said(cors(shop, asked("content-type, x-own"), "POST, OPTIONS")),
            "2|vary=Origin|access-control-allow-origin=https://shop.example|access-control-allow-credentials=true|"
            "access-control-allow-methods=POST, OPTIONS|access-control-allow-headers=content-type, "
            "X-Own|access-control-max-age=600");
  EXPECT_EQ(said(cors(shop, asked("x-other"), "POST")), "0|vary=Origin");
}

TEST(Cors, lets_every_site_read_without_credentials) {
  EXPECT_EQ(said(cors({.origins = {"*"}}, request(Method::get, {{"origin", "https://a.example"}}), "GET")),
            "1|access-control-allow-origin=*");
}

TEST(Cors, finds_faults_in_its_rules_at_start) {
  EXPECT_EQ(cors_fault(shop), "");
  EXPECT_EQ(cors_fault({.origins = {"http://localhost:8080"}}), "");
  EXPECT_NE(cors_fault({.origins = {"*"}, .credentials = true}), "");
  for (const char* origin :
       {"shop.example", "https://shop.example/", "https://Shop.example/x", "https://shop.example:443", "null"}) {
    EXPECT_NE(cors_fault({.origins = {origin}}), "") << origin;
  }
  EXPECT_NE(cors_fault({.origins = {"https://a"}, .headers = {"a b"}}), "");
}

}  // namespace
}  // namespace tutti::wire::http1
