#include "wire/http1/cookie.hpp"

#include <gtest/gtest.h>

namespace tutti::wire::http1 {
namespace {

TEST(Cookie, reads_pairs_and_skips_what_is_malformed) {
  std::string all;
  std::string_view rest = "SID=31d4; lang=\"en-US\";empty=; novalue; b@d=1; bad=a b;=x; last=a=b";
  std::string_view name;
  std::string_view value;
  while (next_cookie(rest, name, value)) all += std::string(name) + "=" + std::string(value) + ";";

  EXPECT_EQ(all, "SID=31d4;lang=en-US;empty=;last=a=b;");
  EXPECT_EQ(cookie_value("a=1; b=2; b=3", "b"), "2");
  EXPECT_EQ(cookie_value("a=1", "A"), std::nullopt);
  EXPECT_EQ(cookie_value("", "a"), std::nullopt);
}

TEST(SetCookie, is_closed_by_default_and_writes_its_attributes) {
  std::string out;
  EXPECT_EQ(append_set_cookie(out, {.name = "session", .value = "s-1"}), "");
  EXPECT_EQ(out, "session=s-1; Path=/; HttpOnly; SameSite=Lax");

  out.clear();
  EXPECT_EQ(append_set_cookie(out, {.name = "a",
                                    .value = "",
                                    .path = "/x",
                                    .domain = "shop.example",
                                    .max_age = std::chrono::seconds(0),
                                    .same_site = SameSite::none,
                                    .scripts = Scripts::readable,
                                    .carriage = Carriage::tls_only}),
            "");
  EXPECT_EQ(out, "a=; Path=/x; Domain=shop.example; Max-Age=0; Secure; SameSite=None");
}

TEST(SetCookie, refuses_what_would_split_or_change_it) {
  std::string out;
  EXPECT_NE(append_set_cookie(out, {.name = "", .value = "x"}), "");
  EXPECT_NE(append_set_cookie(out, {.name = "a=b", .value = "x"}), "");
  for (std::string_view value : {"a b", "a;b", "a,b", "a\"b", "a\\b", "a\r\nx: y", "\xc3\xa9"}) {
    EXPECT_NE(append_set_cookie(out, {.name = "a", .value = value}), "") << value;
  }
  EXPECT_NE(append_set_cookie(out, {.name = "a", .path = "/; Domain=evil"}), "");
  EXPECT_NE(append_set_cookie(out, {.name = "a", .path = "x"}), "");
  EXPECT_NE(append_set_cookie(out, {.name = "a", .domain = "a;b"}), "");
  EXPECT_NE(append_set_cookie(out, {.name = "a", .same_site = SameSite::none}), "");
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace tutti::wire::http1
