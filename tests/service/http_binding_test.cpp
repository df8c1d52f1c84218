// Where the fields of a message travel over HTTP, seen from a connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/given.hpp"

namespace tutti {
namespace shelf {

enum class Colour { red, dark_green };

struct Find {
  std::int64_t id;
  std::optional<int> limit;
  std::vector<std::string> tags;
  Colour colour = Colour::red;
  std::string tenant = "nobody";
};
constexpr auto describe(Of<Find>) { return about("Find one.", header("x-tenant", &Find::tenant)); }

struct Found {
  std::int64_t id;
  std::optional<int> limit;
  std::vector<std::string> tags;
  Colour colour;
  std::string tenant;
  std::string version;
};
constexpr auto describe(Of<Found>) { return about("It.", header("etag", &Found::version)); }

struct Rename {
  std::string id;
  Text<1, 5> name;
  Range<int, 1, 10> weight = 1;
  std::string reason = "none";
};
constexpr auto describe(Of<Rename>) { return about("", header("x-reason", &Rename::reason)); }

struct Renamed {
  std::string text;
};
struct Wanted {
  int status;
  std::string location;
};
struct Elsewhere {
  int status;
  std::string location;
};
constexpr auto describe(Of<Elsewhere>) {
  return about("", status(&Elsewhere::status), header("location", &Elsewhere::location));
}
struct Marked {
  std::string mark;
};
constexpr auto describe(Of<Marked>) { return about("", header("x-mark", &Marked::mark)); }
struct Nothing {};
struct Full {
  static constexpr auto code = Code::resource_exhausted;
  static constexpr int http_status = 507;
  int places;
};

inline constexpr Service service{"shelf", "1.0"};
inline constexpr Method<Found(Find)> find{service, "find", get("/items/{id}")};
inline constexpr Method<Renamed(Rename)> rename{service, "rename", put("/items/{id}/name")};
inline constexpr Method<void(Find)> drop{service, "drop", del("/items/{id}")};
inline constexpr Method<void(Nothing)> touch{service, "touch", post("/touch", 200)};
inline constexpr Method<void(Nothing)> begin{service, "begin", post("/begin", 202)};
inline constexpr Method<Renamed(Nothing)> make{service, "make", post("/items", 201)};
inline constexpr Method<Elsewhere(Wanted)> go{service, "go", post("/go")};
inline constexpr Method<Marked(Nothing)> mark{service, "mark", get("/mark")};
inline constexpr Method<Renamed()> bare{service, "bare"};
inline constexpr Method<Nothing()> empty{service, "empty", get("/empty")};
inline constexpr Method<void(), Throws<Full>> fill{service, "fill", post("/fill")};

void compose(App& app) {
  app.serve(find, [](const Find& f) { return Found{f.id, f.limit, f.tags, f.colour, f.tenant, "\"v1\""}; });
  app.serve(rename, [](const Rename& r) {
    return Renamed{r.id + ":" + r.name + ":" + std::to_string(r.weight) + ":" + r.reason};
  });
  app.serve(drop, [](const Find&) {});
  app.serve(touch, [](const Nothing&) {});
  app.serve(begin, [](const Nothing&) {});
  app.serve(make, [](const Nothing&) { return Renamed{"made"}; });
  app.serve(go, [](const Wanted& w) { return Elsewhere{w.status, w.location}; });
  app.serve(mark, [](const Nothing&) { return Marked{"here"}; });
  app.serve(bare, [] { return Renamed{"bare"}; });
  app.serve(empty, [] { return Nothing{}; });
  app.serve(fill, [] { throw Full{3}; });
}

}  // namespace shelf

namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class HttpBinding : public ::testing::Test {
 protected:
  given::Answer ask(std::string_view method, std::string_view target, std::string_view fields = {},
                    std::string_view body = {}) {
    return given::ask(running.http, method, target, fields, body);
  }

  given::Running running{{{shelf::service, shelf::compose}}};
};

TEST_F(HttpBinding, takes_path_query_and_header_of_a_get) {
  const auto answer = ask("GET", "/items/17?limit=3&tags=a%20b,c&colour=dark_green", "X-Tenant: ada\r\n");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_EQ(answer.header("etag"), "\"v1\"");
  EXPECT_EQ(answer.body, R"({"id":17,"limit":3,"tags":["a b","c"],"colour":"dark_green","tenant":"ada"})");
}

TEST_F(HttpBinding, leaves_absent_fields_at_their_defaults) {
  const auto answer = ask("GET", "/items/17");

  EXPECT_EQ(answer.body, R"({"id":17,"tags":[],"colour":"red","tenant":"nobody"})");
}

TEST_F(HttpBinding, takes_a_list_as_a_repeated_name) {
  EXPECT_THAT(ask("GET", "/items/17?tags=a&tags=b").body, HasSubstr(R"("tags":["a","b"])"));
}

TEST_F(HttpBinding, tells_all_violations_of_path_query_and_header_together) {
  const auto answer = ask("GET", "/items/x?limit=many&colour=blue");

  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_THAT(answer.body, HasSubstr(R"("path":"id")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("path":"limit")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("path":"colour")"));
}

TEST_F(HttpBinding, refuses_a_name_of_one_value_that_comes_twice) {
  const auto answer = ask("GET", "/items/17?limit=1&limit=2");

  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("twice"));
}

TEST_F(HttpBinding, refuses_broken_percent_escapes) {
  EXPECT_EQ(ask("GET", "/items/17?tags=%zz").status, 400);
  EXPECT_EQ(ask("GET", "/items/%4").status, 400);
}

TEST_F(HttpBinding, decodes_an_escaped_slash_within_its_segment) {
  const auto answer = ask("PUT", "/items/a%2Fb/name", {}, R"({"name":"lamp"})");

  EXPECT_EQ(answer.body, R"({"text":"a/b:lamp:1:none"})");
}

TEST_F(HttpBinding, takes_the_rest_of_a_put_from_the_body) {
  const auto answer = ask("PUT", "/items/i-1/name", "X-Reason: typo\r\nContent-Type: application/json\r\n",
                          R"({"name":"lamp","weight":4})");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"text":"i-1:lamp:4:typo"})");
}

TEST_F(HttpBinding, does_not_take_from_the_body_what_travels_elsewhere) {
  const auto answer = ask("PUT", "/items/i-1/name", {}, R"({"name":"lamp","id":"i-2","reason":"forged"})");

  EXPECT_EQ(answer.body, R"({"text":"i-1:lamp:1:none"})");
}

TEST_F(HttpBinding, tells_all_violations_of_a_body_together) {
  const auto answer = ask("PUT", "/items/i-1/name", {}, R"({"name":"chandelier","weight":11})");

  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr(R"("path":"name")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("path":"weight")"));
}

TEST_F(HttpBinding, refuses_a_body_that_is_missing_or_no_json) {
  EXPECT_EQ(ask("PUT", "/items/i-1/name").status, 400);
  EXPECT_EQ(ask("PUT", "/items/i-1/name", {}, "{").status, 400);
  EXPECT_EQ(ask("PUT", "/items/i-1/name", {}, "[]").status, 400);
  EXPECT_EQ(ask("PUT", "/items/i-1/name", {}, R"({"name":"lamp"}x)").status, 400);
}

TEST_F(HttpBinding, refuses_another_content_type_with_415) {
  const auto answer = ask("PUT", "/items/i-1/name", "Content-Type: text/xml\r\n", "<a/>");

  EXPECT_EQ(answer.status, 415);
  EXPECT_THAT(answer.body, HasSubstr("application/json"));
}

TEST_F(HttpBinding, takes_json_with_parameters_or_a_suffix) {
  EXPECT_EQ(ask("PUT", "/items/i/name", "Content-Type: application/json; charset=utf-8\r\n", R"({"name":"a"})").status,
            200);
  EXPECT_EQ(ask("PUT", "/items/i/name", "Content-Type: application/merge-patch+json\r\n", R"({"name":"a"})").status,
            200);
}

TEST_F(HttpBinding, answers_204_without_a_reply_unless_the_route_says_otherwise) {
  const auto dropped = ask("DELETE", "/items/17");
  const auto touched = ask("POST", "/touch", {}, "{}");

  EXPECT_EQ(dropped.status, 204);
  EXPECT_EQ(dropped.header("content-length"), "");
  EXPECT_EQ(touched.status, 200);
  EXPECT_EQ(touched.header("content-length"), "0");
  EXPECT_EQ(touched.header("content-type"), "");
  EXPECT_EQ(ask("POST", "/begin", {}, "{}").status, 202);
  EXPECT_EQ(ask("POST", "/items", {}, "{}").status, 201);
}

TEST_F(HttpBinding, carries_the_reply_in_status_and_headers) {
  const auto moved = ask("POST", "/go", {}, R"({"status":307,"location":"/items/3"})");
  const auto marked = ask("GET", "/mark");

  EXPECT_EQ(moved.status, 307);
  EXPECT_EQ(moved.header("location"), "/items/3");
  EXPECT_EQ(moved.body, "");
  EXPECT_EQ(marked.status, 200);
  EXPECT_EQ(marked.header("x-mark"), "here");
  EXPECT_EQ(marked.body, "");
}

TEST_F(HttpBinding, turns_a_status_or_header_that_http_does_not_have_into_500) {
  EXPECT_EQ(ask("POST", "/go", {}, R"({"status":42,"location":"/"})").status, 500);
  EXPECT_EQ(ask("POST", "/go", {}, R"({"status":101,"location":"/"})").status, 500);
  EXPECT_EQ(ask("POST", "/go", {}, R"({"status":302,"location":"/\r\nSet-Cookie: a=b"})").status, 500);
  EXPECT_THAT(running.log("a reply breaks its contract"), SizeIs(3));
}

TEST_F(HttpBinding, gives_a_method_without_a_route_one_of_its_own) {
  EXPECT_EQ(ask("POST", "/shelf/bare").body, R"({"text":"bare"})");
  EXPECT_EQ(ask("POST", "/shelf/bare", {}, "{}").body, R"({"text":"bare"})");
}

TEST_F(HttpBinding, writes_an_empty_reply_as_an_empty_object) {
  const auto answer = ask("GET", "/empty");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{}");
}

TEST_F(HttpBinding, answers_a_contract_error_with_its_status_type_and_value) {
  const auto answer = ask("POST", "/fill");

  EXPECT_EQ(answer.status, 507);
  EXPECT_THAT(answer.body, HasSubstr(R"("type":"shelf.Full")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"resource_exhausted")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("value":{"places":3})"));
}

namespace lost {
struct Inner {
  int a;
};
struct Deep {
  Inner inner;
};
inline constexpr Method<void(Deep)> deep{shelf::service, "deep", get("/deep")};
}  // namespace lost

TEST(HttpBindingAtStart, refuses_a_record_in_a_query) {
  try {
    given::Running running{{{shelf::service, [](App& app) { app.serve(lost::deep, [](const lost::Deep&) {}); }}}};
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr("shelf.deep"));
    EXPECT_THAT(error.what(), HasSubstr("\"inner\""));
  }
}

}  // namespace
}  // namespace tutti
