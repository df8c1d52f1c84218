// What the http entry point answers beside the handlers' own words: routes that are not there, limits, CORS, proxies,
// and that every request is counted and logged once however it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "service/given.hpp"

namespace tutti {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

namespace desk {
struct Word {
  std::string word = "none";
};
inline constexpr Service service{"desk", "1.0"};
inline constexpr Method<Word(Word)> say{service, "say", get("/words/{word}")};
inline constexpr Method<Word(Word)> put{service, "put", tutti::put("/words/{word}")};
inline constexpr Method<Word(Word)> post{service, "post", tutti::post("/words")};
inline constexpr Method<Word(Word)> hold{service, "hold", tutti::post("/hold"), {.deadline = std::chrono::seconds(60)}};
inline constexpr Method<Word(Word)> slow{
    service, "slow", tutti::post("/slow"), {.deadline = std::chrono::milliseconds(50)}};
inline constexpr Method<Word(Word)> broken{service, "broken", tutti::post("/broken")};
inline constexpr Method<Word(Word)> busy{service, "busy", tutti::post("/busy")};
}  // namespace desk

constexpr EmbeddedFile files[] = {{"index.html", "text/html", "<h1>desk</h1>"},
                                  {"logo.svg", "image/svg+xml", "<svg/>"}};

// A condition that another thread brings about; false if it does not within the patience of a test.
bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < given::patience_seconds * 100; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

struct HttpEntry : ::testing::Test {
  Composed composed() {
    return {desk::service, [this](App& app) {
              app.serve(desk::say, [](const desk::Word& w) { return w; });
              app.serve(desk::put, [](const desk::Word& w) { return w; });
              app.serve(desk::post, [](const desk::Word& w) { return w; });
              app.serve(desk::hold, [this](const desk::Word& w) {
                ++holding;
                struct Leave {
                  std::atomic<int>& left;
                  ~Leave() { ++left; }
                } leave{left};
                while (!released) tutti::sleep(std::chrono::milliseconds(1));
                return w;
              });
              app.serve(desk::slow, [](const desk::Word& w) {
                tutti::sleep(std::chrono::seconds(30));
                return w;
              });
              app.serve(desk::broken,
                        [](const desk::Word&) -> desk::Word { throw std::out_of_range("no such drawer"); });
              app.serve(desk::busy, [](const desk::Word&) -> desk::Word {
                throw Error(Code::unavailable, "the printer is out of paper");
              });
              app.raw("GET", "/half", [](Request&, Responder& reply) {
                auto& out = reply.stream("text/plain");
                out.write("half");
                out.flush();
                throw std::runtime_error("the other half is lost");
              });
              app.raw("GET", "/endless", [this](Request&, Responder& reply) {
                ++holding;
                auto& out = reply.stream("text/plain");
                const std::string piece(64 * 1024, 'x');
                for (;;) out.write(piece);
              });
              app.raw("GET", "/mute", [](Request&, Responder&) {});
              app.raw("GET", "/who", [](Request& request, Responder& reply) {
                reply.send(std::string(request.scheme()) + " " + std::string(request.client()), "text/plain");
              });
              app.files("/page", files);
            }};
  }
  void start(std::vector<std::string> flags = {}) {
    running.emplace(std::vector<Composed>{composed()}, std::move(flags));
  }
  given::Answer ask(std::string_view method, std::string_view target, std::string_view fields = {},
                    std::string_view body = {}) {
    return given::ask(running->http, method, target, fields, body);
  }
  std::vector<std::string> access_lines(std::string_view path) {
    return running->log("\"url.path\":\"" + std::string(path) + "\"");
  }
  // Of the histogram of durations: how many requests of that route and status were counted.
  int counted(const std::string& route, int status) {
    const std::string metrics = given::ask(running->admin, "GET", "/metrics").body;
    const std::string wanted = "http_response_status_code=\"" + std::to_string(status) + "\"";
    for (std::size_t at = metrics.find("http_server_request_duration_seconds_count"); at != std::string::npos;
         at = metrics.find("http_server_request_duration_seconds_count", at + 1)) {
      const std::string line = metrics.substr(at, metrics.find('\n', at) - at);
      const bool of_route = route.empty() ? line.find("http_route=") == std::string::npos
                                          : line.find("http_route=\"" + route + "\"") != std::string::npos;
      if (of_route && line.find(wanted) != std::string::npos) return std::stoi(line.substr(line.rfind(' ')));
    }
    return 0;
  }

  std::atomic<bool> released{false};
  std::atomic<int> holding{0};
  std::atomic<int> left{0};
  std::optional<given::Running> running;
};

// ---- what is not there ----------------------------------------------------------------------------------------

TEST_F(HttpEntry, answers_404_as_a_problem_document) {
  start();

  const auto answer = ask("GET", "/nowhere");

  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"not_found")"));
  EXPECT_THAT(answer.body, HasSubstr("/nowhere"));
}

TEST_F(HttpEntry, answers_405_with_what_is_allowed) {
  start();

  const auto answer = ask("DELETE", "/words/a");

  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, PUT, OPTIONS");
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
}

TEST_F(HttpEntry, answers_405_to_a_method_that_it_does_not_know) {
  start();

  EXPECT_EQ(ask("BREW", "/words/a").status, 405);
  EXPECT_EQ(ask("BREW", "/nowhere").status, 404);
}

TEST_F(HttpEntry, answers_options_with_what_is_allowed) {
  start();

  const auto answer = ask("OPTIONS", "/words/a");

  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, PUT, OPTIONS");
  EXPECT_EQ(ask("OPTIONS", "*").status, 204);
  EXPECT_EQ(ask("OPTIONS", "/nowhere").status, 404);
}

TEST_F(HttpEntry, answers_head_as_get_without_the_body) {
  start();

  const auto got = ask("GET", "/words/hello");
  const auto head = ask("HEAD", "/words/hello");

  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), std::to_string(got.body.size()));
  EXPECT_EQ(head.header("content-type"), "application/json");
}

TEST_F(HttpEntry, keeps_the_connection_in_step_after_a_head) {
  start();
  given::Wire wire(running->http);

  wire.send(given::request_text("HEAD", "/words/a") + given::request_text("HEAD", "/nowhere") +
            given::request_text("GET", "/words/b"));

  EXPECT_EQ(given::read_answer(wire, "HEAD").status, 200);
  EXPECT_EQ(given::read_answer(wire, "HEAD").status, 404);
  EXPECT_EQ(given::read_answer(wire).body, R"({"word":"b"})");
}

TEST_F(HttpEntry, ends_the_handler_of_a_head_with_the_first_piece_of_its_body) {
  start();

  const auto head = ask("HEAD", "/endless");

  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-type"), "text/plain");
  ASSERT_TRUE(eventually([&] { return access_lines("/endless").size() == 1; }));
  EXPECT_EQ(counted("/endless", 200), 1);
}

// ---- limits ---------------------------------------------------------------------------------------------------

TEST_F(HttpEntry, refuses_a_body_over_the_limit_with_413) {
  start({"--tutti.http.body_bytes_max=1000"});

  const auto at_limit = ask("POST", "/words", {}, R"({"word":")" + std::string(989, 'x') + "\"}");
  const auto over = ask("POST", "/words", {}, R"({"word":")" + std::string(990, 'x') + "\"}");

  EXPECT_EQ(at_limit.status, 200);
  EXPECT_EQ(over.status, 413);
  EXPECT_EQ(over.header("content-type"), "application/problem+json");
}

TEST_F(HttpEntry, answers_503_with_retry_after_over_the_in_flight_limit) {
  start({"--tutti.in_flight_max=1"});
  given::Wire first(running->http);
  first.send(given::request_text("POST", "/hold", {}, R"({"word":"first"})"));
  ASSERT_TRUE(eventually([&] { return holding == 1; }));

  const auto refused = ask("GET", "/words/a");
  released = true;

  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_THAT(refused.body, HasSubstr(R"("code":"unavailable")"));
  EXPECT_EQ(given::read_answer(first).body, R"({"word":"first"})");
  EXPECT_EQ(ask("GET", "/words/a").status, 200);
}

TEST_F(HttpEntry, answers_503_when_every_fiber_is_at_work_and_still_drains) {
  start({"--tutti.fibers_max=16"});
  std::vector<std::unique_ptr<given::Wire>> wires;
  for (int i = 0; i < 20; ++i) {
    wires.push_back(std::make_unique<given::Wire>(running->http));
    wires.back()->send(given::request_text("POST", "/hold", {}, "{}"));
  }
  given::Wire last(running->http);
  last.send(given::request_text("GET", "/words/a"));

  const auto refused = given::read_answer(last);
  running->ask_to_stop();
  released = true;

  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_THAT(refused.body, HasSubstr("tutti.fibers_max"));
  int answered = 0;
  int turned_away = 0;
  for (const auto& wire : wires) (given::read_answer(*wire).status == 200 ? answered : turned_away) += 1;
  EXPECT_GT(answered, 5);
  EXPECT_GT(turned_away, 3);
  wires.clear();
  EXPECT_EQ(running->wait(), 0);
}

TEST_F(HttpEntry, answers_504_when_the_deadline_of_the_method_passes) {
  start();

  const auto answer = ask("POST", "/slow", {}, "{}");

  EXPECT_EQ(answer.status, 504);
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"deadline_exceeded")"));
}

TEST_F(HttpEntry, shortens_the_deadline_to_what_the_caller_has_left) {
  start();

  EXPECT_EQ(ask("POST", "/hold", "Tutti-Timeout-Ms: 20\r\n", "{}").status, 504);
  EXPECT_EQ(ask("POST", "/words", "Tutti-Timeout-Ms: 0\r\n", "{}").status, 504);
  EXPECT_EQ(ask("POST", "/words", "Tutti-Timeout-Ms: soon\r\n", "{}").status, 200);
  EXPECT_EQ(holding, 1);
}

// ---- failures -------------------------------------------------------------------------------------------------

TEST_F(HttpEntry, says_nothing_of_an_undeclared_exception_but_in_the_log) {
  start();

  const auto answer = ask("POST", "/broken", {}, "{}");

  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, Not(HasSubstr("drawer")));
  EXPECT_THAT(running->log("no such drawer"), SizeIs(1));
}

TEST_F(HttpEntry, answers_an_error_of_the_closed_set_with_its_code) {
  start();

  const auto answer = ask("POST", "/busy", {}, "{}");

  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_THAT(answer.body, HasSubstr("out of paper"));
}

TEST_F(HttpEntry, answers_500_for_a_raw_handler_that_never_answers) {
  start();

  EXPECT_EQ(ask("GET", "/mute").status, 500);
  EXPECT_THAT(running->log("without an answer"), SizeIs(1));
  EXPECT_EQ(counted("/mute", 500), 1);
}

TEST_F(HttpEntry, counts_and_logs_an_answer_that_breaks_off) {
  start();

  const auto answer = ask("GET", "/half");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "half");
  EXPECT_FALSE(answer.whole);
  ASSERT_TRUE(eventually([&] { return access_lines("/half").size() == 1; }));
  EXPECT_THAT(access_lines("/half")[0], HasSubstr("500"));
  EXPECT_EQ(counted("/half", 500), 1);
}

TEST_F(HttpEntry, counts_and_logs_a_client_that_leaves_during_the_answer) {
  start();
  {
    given::Wire wire(running->http);
    wire.send(given::request_text("GET", "/endless"));
    (void)wire.receive();
  }

  ASSERT_TRUE(eventually([&] { return access_lines("/endless").size() == 1; }));
  EXPECT_THAT(access_lines("/endless")[0], HasSubstr("499"));
  EXPECT_EQ(counted("/endless", 499), 1);
}

TEST_F(HttpEntry, cancels_the_handler_of_a_client_that_leaves_and_counts_it) {
  start();
  {
    given::Wire wire(running->http);
    wire.send(given::request_text("POST", "/hold", {}, "{}"));
    ASSERT_TRUE(eventually([&] { return holding == 1; }));
    wire.reset();
  }

  ASSERT_TRUE(eventually([&] { return left == 1; }));
  ASSERT_TRUE(eventually([&] { return access_lines("/hold").size() == 1; }));
  EXPECT_EQ(counted("/hold", 499), 1);
}

// ---- the access log -------------------------------------------------------------------------------------------

TEST_F(HttpEntry, logs_one_line_for_each_request) {
  start();

  (void)ask("GET", "/words/hello?secret=1", "X-Request-Id: r-7\r\n");
  (void)ask("GET", "/nowhere");

  ASSERT_TRUE(
      eventually([&] { return access_lines("/words/hello").size() == 1 && access_lines("/nowhere").size() == 1; }));
  const std::string line = access_lines("/words/hello")[0];
  EXPECT_THAT(line, HasSubstr(R"("http.request.method":"GET")"));
  EXPECT_THAT(line, HasSubstr(R"("http.route":"/words/{word}")"));
  EXPECT_THAT(line, HasSubstr(R"("http.response.status_code":200)"));
  EXPECT_THAT(line, HasSubstr("desk.say"));
  EXPECT_THAT(line, HasSubstr("r-7"));
  EXPECT_THAT(line, HasSubstr(R"("network.peer.address":"127.0.0.1")"));
  EXPECT_THAT(line, Not(HasSubstr("secret")));
}

TEST_F(HttpEntry, counts_and_logs_requests_that_reach_no_handler) {
  start();
  given::Wire wire(running->http);

  wire.send("GET /words/a HTTP/1.1\r\n\r\n");  // no Host

  EXPECT_EQ(given::read_answer(wire).status, 400);
  EXPECT_THAT(running->log("\"http.response.status_code\":400"), SizeIs(1));
  EXPECT_EQ(counted("", 400), 1);
}

TEST_F(HttpEntry, gives_the_request_id_back) {
  start();

  EXPECT_EQ(ask("GET", "/words/a", "X-Request-Id: r-7\r\n").header("x-request-id"), "r-7");
  EXPECT_EQ(ask("GET", "/words/a", "X-Request-Id: r 7\r\n").header("x-request-id"), "");
}

TEST_F(HttpEntry, leaves_successes_out_of_the_access_log_by_sampling_but_no_failure) {
  start({"--tutti.log.access_sampling=0"});

  (void)ask("GET", "/words/a");
  (void)ask("POST", "/broken", {}, "{}");

  ASSERT_TRUE(eventually([&] { return access_lines("/broken").size() == 1; }));
  EXPECT_THAT(access_lines("/words/a"), SizeIs(0));
}

TEST_F(HttpEntry, writes_no_access_log_when_it_is_off) {
  start({"--tutti.log.access=off"});

  (void)ask("GET", "/words/a");
  (void)ask("POST", "/broken", {}, "{}");
  (void)running->stop();

  EXPECT_THAT(access_lines("/words/a"), SizeIs(0));
  EXPECT_THAT(access_lines("/broken"), SizeIs(0));
}

// ---- cors and proxies -----------------------------------------------------------------------------------------

constexpr std::string_view preflight = "Origin: https://shop.example\r\nAccess-Control-Request-Method: PUT\r\n";

TEST_F(HttpEntry, lets_no_other_origin_in_by_default) {
  start();

  EXPECT_EQ(ask("GET", "/words/a", "Origin: https://shop.example\r\n").header("access-control-allow-origin"), "");
  EXPECT_EQ(ask("OPTIONS", "/words/a", preflight).header("access-control-allow-origin"), "");
}

TEST_F(HttpEntry, lets_in_the_origins_of_the_setting) {
  start({"--tutti.http.cors.origins=https://shop.example"});

  const auto asked = ask("OPTIONS", "/words/a", preflight);
  const auto got = ask("GET", "/words/a", "Origin: https://shop.example\r\n");
  const auto failed = ask("GET", "/nowhere", "Origin: https://shop.example\r\n");

  EXPECT_EQ(asked.status, 204);
  EXPECT_EQ(asked.header("access-control-allow-origin"), "https://shop.example");
  EXPECT_THAT(asked.header("access-control-allow-methods"), HasSubstr("PUT"));
  EXPECT_EQ(got.header("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(failed.header("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(ask("GET", "/words/a", "Origin: https://evil.example\r\n").header("access-control-allow-origin"), "");
}

TEST_F(HttpEntry, believes_forwarded_addresses_only_from_trusted_proxies) {
  constexpr std::string_view forwarded = "Forwarded: for=203.0.113.9;proto=https\r\n";
  start();
  EXPECT_EQ(ask("GET", "/who", forwarded).body, "http 127.0.0.1");
  running.reset();

  start({"--tutti.http.trusted_proxies=127.0.0.0/8"});
  EXPECT_EQ(ask("GET", "/who", forwarded).body, "https 203.0.113.9");
  EXPECT_EQ(ask("GET", "/who", "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n").body,
            "https 203.0.113.9");
}

TEST_F(HttpEntry, refuses_a_proxy_that_is_no_address_at_start) {
  EXPECT_THROW(start({"--tutti.http.trusted_proxies=gateway"}), Error);
}

// ---- files ----------------------------------------------------------------------------------------------------

TEST_F(HttpEntry, serves_embedded_files_with_an_etag) {
  start();

  const auto page = ask("GET", "/page");
  const auto logo = ask("GET", "/page/logo.svg");
  const auto again = ask("GET", "/page/logo.svg", "If-None-Match: " + logo.header("etag") + "\r\n");

  EXPECT_EQ(page.body, "<h1>desk</h1>");
  EXPECT_EQ(page.header("content-type"), "text/html");
  EXPECT_EQ(logo.body, "<svg/>");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.header("etag"), logo.header("etag"));
  EXPECT_EQ(ask("GET", "/page/index.html").body, "<h1>desk</h1>");
  EXPECT_EQ(ask("GET", "/page/").status, 200);
  EXPECT_EQ(ask("POST", "/page/logo.svg").status, 405);
}

}  // namespace
}  // namespace tutti
