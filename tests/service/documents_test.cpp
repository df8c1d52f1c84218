// The contract as others read it: the OpenAPI document and its page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/given.hpp"

namespace tutti {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace zoo {
enum class Kind { cat, night_owl };
struct Cat {
  int lives = 9;
};
struct Owl {
  bool awake = false;
};
struct Animal {
  std::string name;
  std::variant<Cat, Owl> what;
  std::vector<Animal> young;
};
struct Everything {
  bool flag;
  std::int8_t tiny;
  std::uint64_t huge;
  double weight;
  std::string text;
  Text<1, 5> word;
  Pattern<"[a-z]+"> letters;
  Range<int, 1, 10> stars;
  Items<std::string, 1, 3> names;
  Bytes bytes;
  Time at;
  std::chrono::milliseconds pause;
  Kind kind;
  std::optional<std::string> maybe;
  std::vector<int> list;
  std::map<std::string, int> map;
  std::array<int, 2> pair;
  Animal animal;
};
struct Find {
  std::int64_t id;
  Kind kind = Kind::cat;
  std::vector<std::string> tags;
  std::string tenant = "none";
};
constexpr auto describe(Of<Find>) {
  return about("Find <an animal> & more.", header("x-tenant", &Find::tenant), field(&Find::id, "Its number", "17"));
}
struct Gone {
  static constexpr auto code = Code::not_found;
  static constexpr int http_status = 410;
  std::string since;
};
struct Bite {
  static constexpr auto code = Code::failed_precondition;
  int teeth;
};
struct Nothing {};

inline constexpr Service service{"zoo", "2.1"};
inline constexpr Method<Everything(Everything), Throws<Gone, Bite>> keep{
    service, "keep", post("/animals", 201), {.repeat = Repeat::by_key, .allow = "zoo:keep"}};
inline constexpr Method<Animal(Find)> find{service, "find", get("/animals/{id}"), {.repeat = Repeat::safe}};
inline constexpr Method<void(Find)> drop{service, "drop", del("/animals/{id}")};
inline constexpr Method<Stream<Animal>(Nothing)> watch{service, "watch", get("/watch")};
inline constexpr Method<Nothing(Stream<Bytes>)> film{service, "film", put("/film")};
inline constexpr Method<Nothing()> plain{service, "plain"};
inline constexpr Event<Animal> born{service, "born"};
inline constexpr Channel<Find, Animal> live{service, "live", "/live"};
}  // namespace zoo

void serve(App& app) {
  app.announces(zoo::born);
  app.on(zoo::born, [](const zoo::Animal&) {}, {.retry = {.attempts = 3, .first = std::chrono::milliseconds(250)}});
  app.serve(zoo::live, [](Peer<zoo::Animal>&, const zoo::Find&) {});
  app.serve(zoo::keep, [](const zoo::Everything& all) { return all; });
  app.serve(zoo::find, [](const zoo::Find&) { return zoo::Animal{}; });
  app.serve(zoo::drop, [](const zoo::Find&) {});
  app.serve(zoo::watch, [](const zoo::Nothing&, Out<zoo::Animal>&) {});
  app.serve(zoo::film, [](In<Bytes>&) { return zoo::Nothing{}; });
  app.serve(zoo::plain, [] { return zoo::Nothing{}; });
}

namespace aviary {
inline constexpr Service service{"aviary", "1.0"};
inline constexpr Method<void()> open{service, "open"};
}  // namespace aviary

struct Documents : ::testing::Test {
  std::string admin(std::string_view target) { return given::ask(running.admin, "GET", target).body; }
  given::Running running{{{zoo::service, serve}, {aviary::service, [](App& app) { app.serve(aviary::open, [] {}); }}}};
};

TEST_F(Documents, are_an_openapi_document_of_the_first_service) {
  const auto answer = given::ask(running.admin, "GET", "/openapi.json");

  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_THAT(answer.body, StartsWith(R"({"openapi":"3.1.0","info":{"title":"zoo","version":"2.1"})"));
  EXPECT_THAT(answer.body, HasSubstr(R"("/animals":{"post":)"));
  EXPECT_THAT(answer.body, HasSubstr(R"("operationId":"zoo.plain")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("/zoo/plain":{"post":)"));
}

TEST_F(Documents, are_there_for_each_service_by_name) {
  EXPECT_THAT(admin("/openapi.json?service=aviary"), HasSubstr("aviary.open"));
  EXPECT_EQ(given::ask(running.admin, "GET", "/openapi.json?service=cage").status, 404);
}

TEST_F(Documents, tell_the_events_and_the_channels) {
  const auto answer = given::ask(running.admin, "GET", "/asyncapi.json");

  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_THAT(answer.body, StartsWith(R"({"asyncapi":"3.0.0","info":{"title":"zoo","version":"2.1"})"));
  for (const char* part : {
           R"("zoo.born":{"address":"born")",
           R"("exchange":{"name":"zoo.events","type":"topic","durable":true)",
           R"("announce.zoo.born":{"action":"send")",
           R"("handle.zoo.born.on_born":{"action":"receive")",
           R"("x-tutti-delivery":"pool","x-tutti-queue":"evt-zoo-born--zoo.on_born")",
           R"("x-tutti-dead-letters":"tutti.dead.evt-zoo-born--zoo.on_born")",
           R"("x-tutti-retry":{"attempts":3,"first-ms":250,"longest-ms":300000})",
           R"("zoo.live":{"address":"/live")",
           R"("receive.zoo.live")",
           R"("send.zoo.live")",
           R"("payload":{"$ref":"#/components/schemas/zoo.Animal"})",
       }) {
    EXPECT_THAT(answer.body, HasSubstr(part));
  }
  EXPECT_THAT(admin("/asyncapi.json?service=aviary"), HasSubstr(R"("operations":{})"));
  EXPECT_EQ(given::ask(running.admin, "GET", "/asyncapi.json?service=cage").status, 404);
  EXPECT_THAT(admin("/docs"), HasSubstr("/asyncapi.json?service=zoo"));
}

TEST_F(Documents, tell_every_shape) {
  const std::string document = admin("/openapi.json");

  for (const char* part : {
           R"("flag":{"type":"boolean"})",
           R"("tiny":{"type":"integer","minimum":-128,"maximum":127})",
           R"("weight":{"type":"number","format":"double"})",
           R"("minLength":1,"maxLength":5)",
           R"("pattern":"^(?:[a-z]+)$")",
           R"("minimum":1,"maximum":10)",
           R"("minItems":1,"maxItems":3)",
           R"("contentEncoding":"base64")",
           R"("format":"date-time")",
           R"("format":"duration")",
           R"("enum":["cat","night_owl"])",
           R"("additionalProperties":{"type":"integer")",
           R"("minItems":2,"maxItems":2)",
           R"("$ref":"#/components/schemas/zoo.Animal")",
           R"("const":"Cat")",
       }) {
    EXPECT_THAT(document, HasSubstr(part));
  }
}

TEST_F(Documents, tell_where_each_field_travels) {
  const std::string document = admin("/openapi.json");

  EXPECT_THAT(document, HasSubstr(R"({"name":"id","in":"path","required":true,"description":"Its number")"));
  EXPECT_THAT(document, HasSubstr(R"({"name":"kind","in":"query","required":false)"));
  EXPECT_THAT(document, HasSubstr(R"({"name":"x-tenant","in":"header","required":false)"));
  EXPECT_THAT(document, HasSubstr(R"("name":"Idempotency-Key","in":"header")"));
}

TEST_F(Documents, tell_statuses_and_errors) {
  const std::string document = admin("/openapi.json");

  EXPECT_THAT(document, HasSubstr(R"("201":{"description":"Success")"));
  EXPECT_THAT(document, HasSubstr(R"("204":{"description":"Success")"));
  EXPECT_THAT(document, HasSubstr(R"("410":{"description":"The contract's zoo.Gone)"));
  EXPECT_THAT(document, HasSubstr(R"("400":{"description":"The contract's zoo.Bite)"));
  EXPECT_THAT(document, HasSubstr(R"("application/problem+json")"));
}

TEST_F(Documents, tell_streams_and_permissions) {
  const std::string document = admin("/openapi.json");

  EXPECT_THAT(document, HasSubstr(R"("text/event-stream":)"));
  EXPECT_THAT(document, HasSubstr(R"("application/jsonl":)"));
  EXPECT_THAT(document, HasSubstr(R"("application/octet-stream":)"));
  EXPECT_THAT(document, HasSubstr(R"("x-tutti-allow":"zoo:keep","security":[{"bearer":[]}])"));
}

TEST_F(Documents, have_a_page_without_outside_assets) {
  const auto page = given::ask(running.admin, "GET", "/docs");

  EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("Find &lt;an animal&gt; &amp; more."));
  EXPECT_THAT(page.body, HasSubstr("zoo.keep"));
  EXPECT_THAT(page.body, HasSubstr("aviary.open"));
  EXPECT_THAT(page.body, HasSubstr("needs the permission zoo:keep"));
  EXPECT_THAT(page.body, Not(HasSubstr("src=")));
  EXPECT_THAT(page.body, Not(HasSubstr("http://")));
  EXPECT_THAT(page.body, Not(HasSubstr("https://")));
}

TEST_F(Documents, are_not_on_the_http_listener_by_default) {
  EXPECT_EQ(given::ask(running.http, "GET", "/openapi.json").status, 404);
  EXPECT_EQ(given::ask(running.http, "GET", "/docs").status, 404);
}

TEST(PublicDocuments, are_on_the_http_listener_by_setting) {
  given::Running running({{zoo::service, serve}, {aviary::service, [](App& app) { app.serve(aviary::open, [] {}); }}},
                         {"--tutti.http.documents=everybody"});

  EXPECT_EQ(given::ask(running.http, "GET", "/openapi.json").body,
            given::ask(running.admin, "GET", "/openapi.json").body);
  EXPECT_THAT(given::ask(running.http, "GET", "/openapi.json?service=aviary").body, HasSubstr("aviary.open"));
  EXPECT_EQ(given::ask(running.http, "GET", "/openapi.json?service=cage").status, 404);
  EXPECT_THAT(given::ask(running.http, "GET", "/docs").body, HasSubstr("zoo.keep"));
}

}  // namespace
}  // namespace tutti
