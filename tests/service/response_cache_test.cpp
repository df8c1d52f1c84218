// Replies that are kept: by request and caller, for a while, with one handler for all who ask at the same time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include <tutti/testing.hpp>

#include "service/given.hpp"
#include "wire/msgpack_rpc/message.hpp"
#include "wire/msgpack_rpc/pack.hpp"

namespace response_cache {

using namespace tutti;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using tutti::testing::Bed;

struct Ask {
  std::string sku;
  std::int64_t pieces = 1;
};
struct Offer {
  std::string text;
  std::int64_t number = 0;
};
struct Unknown {
  std::string sku;
};
constexpr Service prices{"prices", "1.0"};
constexpr Method<Offer(Ask), Throws<Unknown>> quote{prices, "quote", get("/quotes/{sku}"), {.repeat = Repeat::safe}};
constexpr Method<Offer(Ask)> order{prices, "order", post("/orders")};

// What the handler does, and how often it did.
struct Shelf {
  std::atomic<int> runs = 0;
  std::chrono::nanoseconds takes{0};
  bool unknown = false;

  [[nodiscard]] Composed service(CacheRules cached = {.lasts = 30s}) {
    return {prices, [this, cached](App& app) {
              app.serve(quote,
                        [this](const Ask& ask, const Context& context) {
                          const int run = ++runs;
                          if (takes.count() != 0) sleep(takes);
                          if (unknown) throw Unknown{ask.sku};
                          return Offer{ask.sku + " for " + context.identity().name, run};
                        },
                        {.cached = cached});
            }};
  }
};

TEST(ResponseCache, the_same_request_is_answered_without_the_handler_until_it_is_too_old) {
  Shelf shelf;
  Bed bed{{shelf.service()}};

  EXPECT_EQ(bed.call(quote, {.sku = "pen"}).number, 1);
  bed.advance(29s);
  EXPECT_EQ(bed.call(quote, {.sku = "pen"}).number, 1);
  bed.advance(2s);
  EXPECT_EQ(bed.call(quote, {.sku = "pen"}).number, 2);
}

TEST(ResponseCache, every_field_of_the_request_counts) {
  Shelf shelf;
  Bed bed{{shelf.service()}};

  EXPECT_EQ(bed.call(quote, {.sku = "pen"}).number, 1);
  EXPECT_EQ(bed.call(quote, {.sku = "pen", .pieces = 2}).number, 2);
  EXPECT_EQ(bed.call(quote, {.sku = "ink"}).number, 3);
  EXPECT_EQ(bed.call(quote, {.sku = "pen"}).number, 1);
}

TEST(ResponseCache, nobody_gets_the_answer_of_another_caller) {
  Shelf shelf;
  Bed bed{{shelf.service()}};

  bed.act_as({.name = "ada"});
  EXPECT_EQ(bed.call(quote, {.sku = "pen"}).text, "pen for ada");
  bed.act_as({.name = "bob"});
  EXPECT_EQ(bed.call(quote, {.sku = "pen"}).text, "pen for bob");
  bed.act_as({.name = "bob", .permissions = {"prices:secret"}});
  EXPECT_EQ(bed.call(quote, {.sku = "pen"}).number, 3);
  bed.act_as({.name = "ada"});
  EXPECT_EQ(bed.call(quote, {.sku = "pen"}).number, 1);
}

TEST(ResponseCache, many_who_ask_at_once_share_one_run) {
  Shelf shelf;
  shelf.takes = 1s;
  Bed bed{{shelf.service()}};
  std::vector<std::int64_t> numbers;

  bed.run([&](Caller& call) {
    Scope scope;
    for (int i = 0; i < 20; ++i) scope.spawn([&] { numbers.push_back(call(quote, {.sku = "pen"}).number); });
    scope.join();
  });

  EXPECT_EQ(numbers, std::vector<std::int64_t>(20, 1));
  EXPECT_EQ(shelf.runs, 1);
}

TEST(ResponseCache, a_failure_is_given_to_all_who_wait_and_is_not_kept) {
  Shelf shelf;
  shelf.takes = 1s;
  shelf.unknown = true;
  Bed bed{{shelf.service()}};
  int failed = 0;

  bed.run([&](Caller& call) {
    Scope scope;
    for (int i = 0; i < 5; ++i) {
      scope.spawn([&] {
        try {
          (void)call(quote, {.sku = "pen"});
        } catch (const Unknown& error) {
          failed += error.sku == "pen" ? 1 : 0;
        }
      });
    }
    scope.join();
  });
  shelf.unknown = false;

  EXPECT_EQ(failed, 5);
  EXPECT_EQ(shelf.runs, 1);
  EXPECT_EQ(bed.call(quote, {.sku = "pen"}).number, 2);
}

TEST(ResponseCache, when_the_first_caller_gives_up_the_next_one_runs) {
  Shelf shelf;
  shelf.takes = 1s;
  Bed bed{{shelf.service()}};
  Code first = Code::ok;
  std::int64_t second = 0, third = 0;

  bed.run([&](Caller& call) {
    Scope scope;
    scope.spawn([&] {
      try {
        (void)call(quote, {.sku = "pen"}, {.deadline = 100ms});
      } catch (const Error& error) {
        first = error.code();
      }
    });
    scope.spawn([&] { second = call(quote, {.sku = "pen"}).number; });
    scope.spawn([&] { third = call(quote, {.sku = "pen"}).number; });
    scope.join();
  });

  EXPECT_EQ(first, Code::deadline_exceeded);
  EXPECT_EQ(second, 2);
  EXPECT_EQ(third, 2);
}

TEST(ResponseCache, one_who_waits_leaves_at_his_own_deadline) {
  Shelf shelf;
  shelf.takes = 1s;
  Bed bed{{shelf.service()}};
  Code waiting = Code::ok;
  std::int64_t running = 0;

  bed.run([&](Caller& call) {
    Scope scope;
    scope.spawn([&] { running = call(quote, {.sku = "pen"}).number; });
    scope.spawn([&] {
      sleep(10ms);
      try {
        (void)call(quote, {.sku = "pen"}, {.deadline = 100ms});
      } catch (const Error& error) {
        waiting = error.code();
      }
    });
    scope.join();
  });

  EXPECT_EQ(waiting, Code::deadline_exceeded);
  EXPECT_EQ(running, 1);
}

TEST(ResponseCache, the_reply_that_was_not_asked_for_longest_goes) {
  Shelf shelf;
  Bed bed{{shelf.service({.lasts = 1h, .entries_max = 2})}};
  (void)bed.call(quote, {.sku = "a"});
  (void)bed.call(quote, {.sku = "b"});
  (void)bed.call(quote, {.sku = "a"});

  (void)bed.call(quote, {.sku = "c"});

  EXPECT_EQ(bed.call(quote, {.sku = "a"}).number, 1);
  EXPECT_EQ(bed.call(quote, {.sku = "c"}).number, 3);
  EXPECT_EQ(bed.call(quote, {.sku = "b"}).number, 4);
}

TEST(ResponseCache, what_is_larger_than_its_room_is_not_kept) {
  Shelf shelf;
  Bed bed{{shelf.service({.lasts = 1h, .bytes_max = 10'000})}};
  const std::string large(20'000, 'x');

  EXPECT_EQ(bed.call(quote, {.sku = "a"}).number, 1);
  EXPECT_EQ(bed.call(quote, {.sku = large}).number, 2);
  EXPECT_EQ(bed.call(quote, {.sku = large}).number, 3);
  EXPECT_EQ(bed.call(quote, {.sku = "a"}).number, 1);
}

TEST(ResponseCache, only_a_method_that_may_be_repeated_is_kept) {
  const Composed changes{
      prices, [](App& app) { app.serve(order, [](const Ask&) { return Offer{}; }, {.cached = {.lasts = 1s}}); }};
  try {
    Bed bed{{changes}};
    FAIL() << "it was composed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("prices.order"));
    EXPECT_THAT(error.what(), HasSubstr("Repeat::safe"));
  }
}

TEST(ResponseCache, http_and_rpc_share_what_is_kept_and_metrics_tell) {
  namespace rpc = wire::msgpack_rpc;
  Shelf shelf;
  given::Running running({shelf.service()}, {"--tutti.rpc.listen=127.0.0.1:0", "--tutti.rpc.trust_network=true"});
  std::string call;
  rpc::append_request(call, 1, "prices.quote", rpc::Trailing::nothing);
  rpc::append_array(call, 1);
  call += "\x82\xa3sku\xa3pen\xa6pieces\x01";

  const auto first = given::ask(running.http, "GET", "/quotes/pen");
  const auto second = given::ask(running.http, "GET", "/quotes/pen?pieces=1");
  given::Wire wire(running.rpc);
  wire.send(call);
  const std::string third = wire.receive_until("number\x01");
  const auto metrics = given::ask(running.admin, "GET", "/metrics");

  EXPECT_EQ(first.body, R"({"text":"pen for anonymous","number":1})");
  EXPECT_EQ(second.body, first.body);
  EXPECT_THAT(third, HasSubstr("pen for anonymous"));
  EXPECT_EQ(shelf.runs, 1);
  EXPECT_THAT(metrics.body, HasSubstr("tutti_cache_hits_total{service_name=\"prices\",rpc_method=\"prices.quote\"} 2"));
  EXPECT_THAT(metrics.body,
              HasSubstr("tutti_cache_misses_total{service_name=\"prices\",rpc_method=\"prices.quote\"} 1"));
}

}  // namespace response_cache
