// Requests and answers against the embedded broker: whose answer it is, what a cut and a lost broker cost, who waits
// how long.
#include <algorithm>

#include "bus/given.hpp"
#include "bus/requester.hpp"

namespace tutti::bus::testing {
namespace {

using runtime::testing::code_thrown_by;
using runtime::testing::on_fiber;
using ::testing::HasSubstr;
using Outcome = Request::Outcome;

struct Got {
  Outcome outcome = Outcome::pending;
  std::string reason = {};
  std::string reply_body = {};
};

struct Asking : ::testing::Test {
  void run(const std::function<void()>& body) {
    on_fiber(shard, [&] {
      broker.emplace(shard);
      body();
      requester.reset();
      service.reset();
      broker.reset();
    });
  }
  void serve(std::function<void(const Delivery&)> take) {
    service.emplace(shard, link_rules());
    service->add({.queue = {.name = "rpc-shop"},
                  .exchange = "rpc",
                  .routing_key = "shop.*",
                  .prefetch = 1'000,
                  .late = ConsumedQueue::Late::take,
                  .take = [this, take = std::move(take)](Delivery delivery) {
                    bodies.push_back(delivery.body);
                    take(delivery);
                  }});
    service->start();
    until([this] { return service->not_ready().empty(); });
  }
  void answer(const Delivery& delivery, std::string_view body) {
    const wire::amqp::Properties asked = wire::amqp::parse_properties(delivery.properties).properties;
    std::string properties;
    wire::amqp::append_properties(properties, {.correlation_id = asked.correlation_id});
    service->answer(delivery, "rpc", asked.reply_to.value_or(""), properties, body);
  }
  Got ask(std::string_view body, Request::Again again = Request::Again::never, std::string_view key = "shop.greet",
          std::chrono::nanoseconds within = 5s) {
    Request request{.routing_key = key,
                    .body = body,
                    .again = again,
                    .send_by = shard.now() + 1s,
                    .deadline = shard.now() + within};
    requester->ask(request);
    return {request.outcome, request.reason, request.reply_body};
  }

  world::SimulatedWorld world;
  runtime::Shard shard{world, {}};
  std::optional<RunningBroker> broker;
  std::optional<Requester> requester{std::in_place, shard, link_rules(),
                                     RequesterRules{.exchange = "rpc", .reply_queue = "replies", .reply_key = "me"}};
  std::optional<Consumer> service;
  std::vector<std::string> bodies;
};

TEST_F(Asking, gives_each_its_own_answer_whatever_their_order) {
  run([&] {
    std::vector<Delivery> waiting;
    serve([&](const Delivery& delivery) { waiting.push_back(delivery); });
    std::map<std::string, std::string> got;
    Scope scope;
    for (int i = 0; i < 100; ++i) {
      scope.spawn([&, body = std::to_string(i)] { got[body] = ask(body).reply_body; });
    }
    until([&] { return waiting.size() == 100; });
    std::ranges::reverse(waiting);
    for (const Delivery& delivery : waiting) answer(delivery, "answer " + delivery.body);
    scope.join();

    for (const auto& [body, reply] : got) EXPECT_EQ(reply, "answer " + body);
    EXPECT_EQ(got.size(), 100u);
    EXPECT_EQ(requester->figures().waiting, 0u);
    EXPECT_EQ(broker->waiting("rpc-shop"), 0u);
  });
}

TEST_F(Asking, knows_at_once_that_nobody_takes_it) {
  run([&] {
    const Instant before = shard.now();

    EXPECT_EQ(ask("hello", Request::Again::may, "nobody.greet").outcome, Outcome::unroutable);
    EXPECT_LT(shard.now() - before, 1s);
  });
}

TEST_F(Asking, waits_until_the_deadline_and_no_longer) {
  run([&] {
    serve([](const Delivery&) {});
    const Instant before = shard.now();

    EXPECT_EQ(ask("hello").outcome, Outcome::unanswered);
    EXPECT_EQ(shard.now() - before, 5s);
  });
}

TEST_F(Asking, lets_the_broker_drop_what_nobody_took_in_time) {
  run([&] {
    serve([](const Delivery&) {});
    service->stop();
    service->wait_stopped(shard.now() + 1s);

    EXPECT_EQ(ask("hello", Request::Again::never, "shop.greet", 100ms).outcome, Outcome::unanswered);
    until([&] { return broker->waiting("rpc-shop") == 0; });
  });
}

TEST_F(Asking, is_told_in_time_that_there_is_no_broker) {
  run([&] {
    broker->stop();
    const Instant before = shard.now();

    const Got request = ask("hello");
    EXPECT_EQ(request.outcome, Outcome::unsent);
    EXPECT_THAT(request.reason, HasSubstr("cannot connect to 127.0.0.1:5672"));
    EXPECT_EQ(shard.now() - before, 1s);
    EXPECT_THAT(requester->not_ready(), HasSubstr("cannot connect"));
  });
}

TEST_F(Asking, gets_an_answer_that_was_given_while_the_connection_was_cut) {
  run([&] {
    std::vector<Delivery> waiting;
    serve([&](const Delivery& delivery) { waiting.push_back(delivery); });
    Got request;
    Scope scope;
    scope.spawn([&] { request = ask("hello"); });
    until([&] { return waiting.size() == 1; });
    world.cut_all();
    until([&] { return waiting.size() == 2; });  // not answered, so it comes again
    answer(waiting.back(), "hi");
    scope.join();

    EXPECT_EQ(request.outcome, Outcome::answered);
    EXPECT_EQ(request.reply_body, "hi");
    EXPECT_TRUE(waiting.back().redelivered);
    EXPECT_EQ(requester->figures().sent_again, 0u);
  });
}

TEST_F(Asking, asks_again_only_what_may_be_asked_again_when_the_connection_was_cut) {
  run([&] {
    serve([&](const Delivery& delivery) {
      if (service->figures().reconnects != 0) answer(delivery, "hi");
    });
    Got once, again;
    Scope scope;
    scope.spawn([&] { once = ask("once"); });
    scope.spawn([&] { again = ask("again", Request::Again::may); });
    until([&] { return bodies.size() == 2; });
    world.cut_all();
    scope.join();
    until([&] { return bodies.size() == 5; });  // both come again from the queue, and one is asked again

    EXPECT_EQ(once.outcome, Outcome::answered);
    EXPECT_EQ(again.outcome, Outcome::answered);
    EXPECT_EQ(std::ranges::count(bodies, "once"), 2);
    EXPECT_EQ(std::ranges::count(bodies, "again"), 3);
    EXPECT_EQ(requester->figures().sent_again, 1u);
  });
}

TEST_F(Asking, drops_answers_that_nobody_waits_for) {
  run([&] {
    serve([&](const Delivery& delivery) {
      answer(delivery, "first");
      answer(delivery, "second");
    });

    EXPECT_EQ(ask("hello").reply_body, "first");
    EXPECT_EQ(ask("hello").reply_body, "first");
    until([&] { return requester->figures().late >= 1; });
  });
}

TEST_F(Asking, ends_when_its_fiber_is_cancelled) {
  run([&] {
    serve([](const Delivery&) {});
    Code code = Code::ok;
    Scope scope;
    scope.spawn([&] { code = code_thrown_by([&] { (void)ask("hello"); }); });
    until([&] { return bodies.size() == 1; });
    scope.cancel();
    try {
      scope.join();
    } catch (const Error&) {
      // As it was cancelled.
    }

    EXPECT_EQ(code, Code::cancelled);
    EXPECT_EQ(requester->figures().waiting, 0u);
  });
}

TEST_F(Asking, removes_the_reply_queue_when_it_is_closed) {
  run([&] {
    serve([&](const Delivery& delivery) { answer(delivery, "hi"); });
    (void)ask("hello");
    ASSERT_NE(broker->broker->host("/")->queue("replies", 0).name(), "");
    requester->close(shard.now() + 1s);

    EXPECT_ANY_THROW((void)broker->broker->host("/")->queue("replies", 0));
  });
}

TEST_F(Asking, answers_what_comes_behind_the_stop_of_a_service) {
  run([&] {
    serve([&](const Delivery& delivery) { answer(delivery, "hi"); });
    std::vector<Outcome> outcomes;
    Scope scope;
    for (int i = 0; i < 50; ++i) scope.spawn([&] { outcomes.push_back(ask("hello").outcome); });
    until([&] { return bodies.size() >= 10; });
    service->stop();
    service->wait_stopped(shard.now() + 1s);
    service->close(shard.now() + 1s);
    const auto other = std::exchange(bodies, {}).size();
    service.reset();
    serve([&](const Delivery& delivery) {
      EXPECT_FALSE(delivery.redelivered);
      answer(delivery, "hi");
    });
    scope.join();

    EXPECT_EQ(std::ranges::count(outcomes, Outcome::answered), 50);
    EXPECT_EQ(other + bodies.size(), 50u);
  });
}

}  // namespace
}  // namespace tutti::bus::testing
