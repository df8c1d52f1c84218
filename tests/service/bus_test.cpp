// Events within a process, timers and spawned work, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tutti/testing.hpp>
#include <tutti/tutti.hpp>

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace post {
struct Letter {
  Text<1, 20> to;
};
struct Send {
  std::string to;
};
inline constexpr Service service{"post", "1.0"};
inline constexpr Event<Letter> arrived{service, "arrived"};
inline constexpr Method<void(Send)> send{service, "send"};
}  // namespace post

struct Bus : ::testing::Test {
  void compose(App& app) {
    app.on(post::arrived,
           [this](const post::Letter& letter, const Context& context) {
             attempts.push_back(bed.now());
             ids.emplace_back(context.message_id());
             who = context.identity().name;
             if (failures-- > 0) throw Error(Code::unavailable, "nobody at home at " + letter.to);
             read.push_back(letter.to);
           },
           {.retry = {.attempts = 4, .first = 1s, .longest = 3s}});
    auto& publisher = app.publisher();
    app.serve(post::send, [&publisher](const post::Send& send) { publisher(post::arrived, {.to = send.to}); });
  }
  std::vector<std::chrono::nanoseconds> pauses() const {
    std::vector<std::chrono::nanoseconds> all;
    for (std::size_t i = 1; i < attempts.size(); ++i) all.push_back(attempts[i] - attempts[i - 1]);
    return all;
  }

  int failures = 0;
  std::vector<Time> attempts;
  std::vector<std::string> ids;
  std::vector<std::string> read;
  std::string who;
  testing::Bed bed{{post::service, [this](App& app) { compose(app); }}};
};

TEST_F(Bus, brings_an_event_to_its_handler) {
  bed.call(post::send, {.to = "ada"});
  bed.settle();

  EXPECT_THAT(read, ElementsAre("ada"));
  EXPECT_EQ(who, "post");
  EXPECT_EQ(bed.published(post::arrived).size(), 1u);
}

TEST_F(Bus, refuses_to_publish_what_the_contract_does_not_allow) {
  EXPECT_THROW(bed.call(post::send, {.to = ""}), Error);
  bed.settle();

  EXPECT_THAT(attempts, IsEmpty());
}

TEST_F(Bus, tries_again_after_pauses_that_double_up_to_the_longest) {
  failures = 3;

  bed.call(post::send, {.to = "ada"});
  bed.settle();

  EXPECT_THAT(pauses(), ElementsAre(1s, 2s, 3s));
  EXPECT_THAT(read, ElementsAre("ada"));
  EXPECT_EQ(ids.front(), ids.back());
}

TEST_F(Bus, gives_an_event_up_after_its_last_attempt_and_says_so) {
  failures = 100;

  bed.call(post::send, {.to = "ada"});
  bed.settle();

  EXPECT_EQ(attempts.size(), 4u);
  EXPECT_THAT(bed.log(), Contains(::testing::AllOf(HasSubstr("given up"), HasSubstr("post.arrived"),
                                                   HasSubstr("nobody at home"))));
}

// ---- timers and spawned work ----------------------------------------------------------------------------------

TEST(Timers, run_every_period_and_never_overlap_themselves) {
  std::vector<Time> begins;
  testing::Bed* running = nullptr;
  testing::Bed bed{{post::service, [&](App& app) {
                      app.every(1min, [&] {
                        begins.push_back(running->now());
                        sleep(90s);
                      });
                    }}};
  running = &bed;

  bed.advance(5min + 1s);

  ASSERT_EQ(begins.size(), 2u);
  EXPECT_EQ(begins[1] - begins[0], 150s);
}

TEST(Timers, go_on_after_a_run_that_failed) {
  int runs = 0;
  testing::Bed bed{{post::service, [&](App& app) {
                      app.every(1min, [&] {
                        ++runs;
                        throw Error(Code::unavailable, "the clock is wound down");
                      });
                    }}};

  bed.advance(3min + 1s);

  EXPECT_EQ(runs, 3);
  EXPECT_THAT(bed.log(), Contains(HasSubstr("the clock is wound down")));
}

TEST(Timers, may_call) {
  int calls = 0;
  testing::Bed bed{{post::service, [&](App& app) {
                      const Caller caller = app.caller();
                      app.serve(post::send, [&](const post::Send&) { ++calls; });
                      app.every(1min, [caller] { caller(post::send, {.to = "ada"}); });
                    }}};

  bed.advance(2min + 1s);

  EXPECT_EQ(calls, 2);
}

TEST(SpawnedWork, runs_beside_the_handlers_and_is_cancelled_at_the_end) {
  int turns = 0;
  Code ended_with = Code::ok;
  {
    testing::Bed bed{{post::service, [&](App& app) {
                        app.spawn("watch", [&] {
                          try {
                            for (;; ++turns) sleep(1s);
                          } catch (const Error& error) {
                            ended_with = error.code();
                            throw;
                          }
                        });
                      }}};
    bed.advance(10s + 1ms);
    EXPECT_EQ(turns, 10);
  }

  EXPECT_EQ(ended_with, Code::cancelled);
}

TEST(SpawnedWork, that_fails_is_logged_by_name) {
  testing::Bed bed{{post::service,
                    [&](App& app) { app.spawn("watch", [] { throw Error(Code::data_loss, "the hands fell off"); }); }}};

  bed.advance(1s);

  EXPECT_THAT(bed.log(), Contains(::testing::AllOf(HasSubstr("\"watch\""), HasSubstr("the hands fell off"))));
}

// ---- middleware -----------------------------------------------------------------------------------------------

struct Middleware : ::testing::Test {
  std::vector<std::string> order;
  bool refuse = false;
  testing::Bed bed{{post::service, [this](App& app) {
                      app.around([this](const Call& call, Next next) {
                        order.push_back("first " + std::string(call.method ? call.method->name : call.route));
                        if (refuse) throw Error(Code::permission_denied, "not today");
                        next();
                        order.emplace_back("first ends");
                      });
                      app.around([this](const Call& call, Next next) {
                        order.push_back("second for " + call.context.identity().name);
                        try {
                          next();
                        } catch (const Error&) {
                          order.emplace_back("second sees it");
                          throw;
                        }
                        order.emplace_back("second ends");
                      });
                      app.serve(post::send, [this](const post::Send& send) {
                        order.emplace_back("handler");
                        if (send.to.empty()) throw Error(Code::not_found, "to nobody");
                      });
                    }}};
};

TEST_F(Middleware, runs_in_the_order_it_was_added_around_the_handler) {
  bed.call(post::send, {.to = "ada"});

  EXPECT_THAT(order, ElementsAre("first send", "second for local", "handler", "second ends", "first ends"));
}

TEST_F(Middleware, sees_what_the_handler_throws) {
  EXPECT_THROW(bed.call(post::send, {}), Error);

  EXPECT_THAT(order, ElementsAre("first send", "second for local", "handler", "second sees it"));
}

TEST_F(Middleware, may_refuse_a_call) {
  refuse = true;

  EXPECT_THROW(bed.call(post::send, {.to = "ada"}), Error);

  EXPECT_THAT(order, ElementsAre("first send"));
}

}  // namespace
}  // namespace tutti
