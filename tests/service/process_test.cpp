// The life of a process: what it refuses at start, when it says that it is ready, how it stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "service/given.hpp"

namespace tutti {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

namespace first {
struct Item {
  int number = 1;
};
inline constexpr Service service{"first", "1.0"};
inline constexpr Method<Item(Item)> get{service, "get", tutti::get("/items/{number}")};
inline constexpr Method<Item(Item)> ask{service, "ask", tutti::get("/ask")};
inline constexpr Method<Item(Item)> hold{service, "hold", post("/hold"), {.deadline = std::chrono::seconds(60)}};
inline constexpr Event<Item> seen{service, "seen"};
}  // namespace first

namespace other {
struct Item {
  std::string name;
};
struct Box {
  std::vector<std::optional<Item>> items;
};
struct Problem {
  static constexpr auto code = Code::aborted;
  Item item;
};
inline constexpr Method<Box()> boxed{first::service, "boxed"};
inline constexpr Method<void(), Throws<Problem>> fail{first::service, "fail"};
}  // namespace other

namespace second {
inline constexpr Service service{"second", "1.0"};
inline constexpr Method<first::Item(first::Item)> ask{service, "ask"};
struct Settings {
  int limit = 5;
};
}  // namespace second

// What start-up says.
std::string refusal(std::vector<Composed> services, std::vector<std::string> flags = {}) {
  try {
    given::Running running(std::move(services), std::move(flags));
    return "it started";
  } catch (const Error& error) {
    EXPECT_THAT(error.code(), AnyOf(Code::failed_precondition, Code::invalid_argument));
    return error.what();
  }
}
void nothing(App&) {}

// ---- refused at start -------------------------------------------------------------------------------------------

TEST(StartUp, refuses_two_types_with_one_wire_name_wherever_they_are) {
  const auto serve = [](App& app) {
    app.serve(first::get, [](const first::Item& item) { return item; });
    app.serve(other::boxed, [] { return other::Box{}; });
  };
  const auto serve_error = [](App& app) {
    app.serve(first::get, [](const first::Item& item) { return item; });
    app.serve(other::fail, [] { throw other::Problem{}; });
  };

  EXPECT_EQ(refusal({{first::service, serve}}),
            "two types are \"first.Item\" on the wire: one in the request of first.get, another in the reply of "
            "first.boxed, field items; rename one of them");
  EXPECT_THAT(refusal({{first::service, serve_error}}), HasSubstr("an error of first.fail, field item"));
}

TEST(StartUp, lets_two_services_use_one_type_and_one_name) {
  given::Running running(
      {{first::service, [](App& app) { app.serve(first::get, [](const first::Item& item) { return item; }); }},
       {second::service, [](App& app) { app.serve(second::ask, [](const first::Item& item) { return item; }); }}});

  EXPECT_EQ(given::ask(running.http, "GET", "/items/4").body, R"({"number":4})");
  EXPECT_EQ(given::ask(running.http, "POST", "/second/ask", {}, R"({"number":5})").body, R"({"number":5})");
}

TEST(StartUp, refuses_two_services_of_one_name) {
  EXPECT_THAT(refusal({{first::service, nothing}, {first::service, nothing}}),
              HasSubstr("two services of this process are named \"first\""));
}

TEST(StartUp, refuses_routes_that_clash_and_names_both_services) {
  const std::string why =
      refusal({{first::service, [](App& app) { app.raw("GET", "/items/{a}", [](Request&, Responder&) {}); }},
               {second::service, [](App& app) { app.raw("GET", "/items/{b}", [](Request&, Responder&) {}); }}});

  EXPECT_THAT(why, HasSubstr("\"first\""));
  EXPECT_THAT(why, HasSubstr("\"second\""));
  EXPECT_THAT(why, HasSubstr("/items/{b}"));
}

TEST(StartUp, refuses_a_method_that_is_served_twice) {
  EXPECT_THAT(refusal({{first::service,
                        [](App& app) {
                          app.serve(first::get, [](const first::Item& item) { return item; });
                          app.serve(first::get, [](const first::Item& item) { return item; });
                        }}}),
              HasSubstr("served twice"));
}

TEST(StartUp, refuses_a_method_of_another_service) {
  EXPECT_THAT(refusal({{first::service,
                        [](App& app) { app.serve(second::ask, [](const first::Item& item) { return item; }); }}}),
              HasSubstr("a method of another service"));
}

TEST(StartUp, refuses_settings_of_a_service_that_has_none) {
  EXPECT_THAT(refusal({{first::service, nothing}}, {"--first.limit=3"}), HasSubstr("first.limit"));
}

TEST(StartUp, refuses_an_unknown_setting_and_suggests_the_nearest) {
  const auto settings = [](App& app) { (void)app.settings<second::Settings>(); };

  EXPECT_THAT(refusal({{second::service, settings}}, {"--second.limmit=3"}), HasSubstr("second.limit"));
}

TEST(StartUp, refuses_an_address_that_is_none) {
  EXPECT_THAT(refusal({{first::service, nothing}}, {"--tutti.http.listen=nowhere"}), HasSubstr("tutti.http.listen"));
}

TEST(StartUp, says_which_address_is_taken) {
  given::Running running({{first::service, nothing}});
  const std::string address = world::to_string(running.http);

  try {
    given::Running again({{first::service, nothing}}, {"--tutti.http.listen=" + address});
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.what(), HasSubstr(address));
  }
}

TEST(StartUp, warns_of_sections_that_belong_to_no_service) {
  const std::string path = "/tmp/tutti-process-" + std::to_string(::getpid()) + ".yaml";
  {
    std::FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    std::fputs("frist:\n  limit: 3\n", file);
    std::fclose(file);
  }

  given::Running running({{first::service, nothing}}, {"--settings=" + path});
  ::unlink(path.c_str());

  EXPECT_THAT(running.log("frist"), SizeIs(1));
  EXPECT_THAT(running.log("frist")[0], HasSubstr("did you mean \\\"first\\\""));
  EXPECT_THAT(running.log("frist")[0], HasSubstr("\"level\":\"warn\""));
}

// ---- the admin port ---------------------------------------------------------------------------------------------

TEST(Readiness, gives_the_reasons_of_each_check) {
  std::atomic<bool> warm{false};
  std::atomic<bool> broken{true};
  given::Running running({{first::service, [&](App& app) { app.ready("model", [&] { return warm.load(); }); }},
                          {second::service, [&](App& app) {
                             app.ready("disk", [&]() -> bool {
                               if (broken) throw std::runtime_error("it turns no more");
                               return true;
                             });
                           }}});

  const auto before = given::ask(running.admin, "GET", "/readyz");
  warm = true;
  broken = false;
  const auto after = given::ask(running.admin, "GET", "/readyz");

  EXPECT_EQ(before.status, 503);
  EXPECT_EQ(before.body, R"({"status":"not ready","reasons":["first: model","second: disk: it turns no more"]})");
  EXPECT_EQ(after.status, 200);
  EXPECT_EQ(after.body, R"({"status":"ready"})");
  EXPECT_EQ(given::ask(running.admin, "GET", "/livez").status, 200);
}

TEST(Readiness, remarks_that_events_stay_in_the_process) {
  given::Running running({{first::service, [](App& app) { app.on(first::seen, [](const first::Item&) {}); }}});

  const auto answer = given::ask(running.admin, "GET", "/readyz");

  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("events reach the handlers of this process only"));
  EXPECT_THAT(running.log("events reach the handlers of this process only"), SizeIs(1));
}

TEST(AdminPort, answers_head_404_and_405) {
  given::Running running({{first::service, nothing}});

  EXPECT_EQ(given::ask(running.admin, "HEAD", "/readyz").status, 200);
  EXPECT_EQ(given::ask(running.admin, "GET", "/nowhere").status, 404);
  EXPECT_EQ(given::ask(running.admin, "POST", "/readyz").status, 405);
  EXPECT_EQ(given::ask(running.admin, "POST", "/readyz").header("allow"), "GET, HEAD");
  EXPECT_THAT(given::ask(running.admin, "GET", "/metrics").body, HasSubstr("tutti_runtime_fibers"));
}

// ---- calls between the services of a process ----------------------------------------------------------------------

TEST(SeveralServices, call_each_other_without_a_socket) {
  given::Running running(
      {{second::service,
        [](App& app) {
          const Caller caller = app.caller();
          app.serve(second::ask, [caller](const first::Item& item) { return caller(first::ask, item); });
        }},
       {first::service, [](App& app) {
          app.serve(first::ask, [](const first::Item& item) { return first::Item{item.number + 1}; });
        }}});

  EXPECT_EQ(given::ask(running.http, "POST", "/second/ask", {}, R"({"number":5})").body, R"({"number":6})");
}

// ---- stopping ---------------------------------------------------------------------------------------------------

struct Stopping : ::testing::Test {
  Composed composed() {
    return {first::service, [this](App& app) {
              app.serve(first::hold, [this](const first::Item& item) {
                holding.set_value();
                while (!released) tutti::sleep(std::chrono::milliseconds(1));
                return item;
              });
            }};
  }
  std::promise<void> holding;
  std::atomic<bool> released{false};
};

TEST_F(Stopping, is_not_ready_first_and_answers_what_it_has_begun) {
  given::Running running({composed()}, {"--tutti.drain_delay=PT2S"});
  given::Wire wire(running.http);
  wire.send(given::request_text("POST", "/hold", {}, "{}"));
  holding.get_future().wait();

  running.ask_to_stop();
  const auto ready = given::ask(running.admin, "GET", "/readyz");
  const auto still = given::ask(running.http, "GET", "/nowhere");  // the listener closes after the delay
  released = true;
  const auto answer = given::read_answer(wire);

  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, HasSubstr("draining"));
  EXPECT_EQ(still.status, 404);
  EXPECT_EQ(answer.status, 200);
  wire.close();
  EXPECT_EQ(running.wait(), 0);
}

TEST_F(Stopping, tells_with_its_exit_code_that_the_deadline_was_missed) {
  given::Running running({composed()}, {"--tutti.drain_deadline=PT0.1S"});
  given::Wire wire(running.http);
  wire.send(given::request_text("POST", "/hold", {}, "{}"));
  holding.get_future().wait();

  EXPECT_EQ(running.stop(), 75);
  EXPECT_THAT(running.log("the drain deadline was missed"), SizeIs(1));
}

TEST_F(Stopping, asked_twice_stops_once) {
  given::Running running({composed()});

  running.ask_to_stop();
  running.ask_to_stop();

  EXPECT_EQ(running.wait(), 0);
}

TEST(SeveralShards, serve_and_stop) {
  std::atomic<int> composed{0};
  given::Running running({{first::service,
                           [&](App& app) {
                             ++composed;
                             app.serve(first::get, [](const first::Item& item) { return item; });
                           }}},
                         {"--tutti.threads=3"});

  for (int i = 0; i < 20; ++i) EXPECT_EQ(given::ask(running.http, "GET", "/items/4").status, 200);

  EXPECT_EQ(composed, 3);
  EXPECT_THAT(given::ask(running.admin, "GET", "/metrics").body,
              HasSubstr("http_server_request_duration_seconds_count"));
  EXPECT_EQ(running.stop(), 0);
}

}  // namespace
}  // namespace tutti
