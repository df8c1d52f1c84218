// What events promise, as one list of cases that runs in a Bed, over the embedded broker and over RabbitMQ: with
// BROKER_URI set the services are processes of a Live with that broker, otherwise they are in a Bed.
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tutti/testing.hpp>
#include <tutti/tutti.hpp>

#include "bus/queue_reader.hpp"
#include "runtime/on_fiber.hpp"
#include "world/real.hpp"

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::UnorderedElementsAre;
using tutti::testing::Bed;
using tutti::testing::Live;
using tutti::testing::Stage;

namespace shop {
struct Order {
  tutti::Text<1, 40> id;
};
inline constexpr tutti::Service service{"shop", "1.0"};
inline constexpr tutti::Event<Order> placed{service, "placed"};
inline constexpr tutti::Event<Order> opened{service, "opened"};
inline constexpr tutti::Event<Order> closed{service, "closed"};
inline constexpr tutti::Event<Order> failing{service, "failing"};
inline constexpr tutti::Event<Order> probe{service, "probe"};
inline constexpr tutti::Method<void(Order)> place{service, "place"};
inline constexpr tutti::Method<void(Order)> store{service, "store"};
inline constexpr tutti::Method<void(Order)> open{service, "open"};
inline constexpr tutti::Method<void(Order)> close{service, "close"};
inline constexpr tutti::Method<void(Order)> fail{service, "fail"};
inline constexpr tutti::Method<void(Order)> ask{service, "ask"};
}  // namespace shop
inline constexpr tutti::Service mails{"mails", "1.0"};
inline constexpr tutti::Service audit{"audit", "1.0"};

constexpr int attempts = 3;
constexpr auto first_pause = 200ms;
constexpr const char* dead_queue = "tutti.dead.evt-shop-failing--mails.on_failing";

struct Attempt {
  std::string order;
  std::string id;
  tutti::Time at;
};

// What the handlers saw; with Live they are on other threads.
class Seen {
 public:
  void add(const std::string& handler, const shop::Order& order, const tutti::Context& context, tutti::Time at) {
    const std::scoped_lock lock(mutex_);
    attempts_[handler].push_back({order.id, std::string(context.message_id()), at});
  }
  [[nodiscard]] std::vector<Attempt> attempts_of(const std::string& handler) {
    const std::scoped_lock lock(mutex_);
    return attempts_[handler];
  }
  [[nodiscard]] std::vector<std::string> orders_of(const std::string& handler) {
    std::vector<std::string> orders;
    for (const Attempt& attempt : attempts_of(handler)) orders.push_back(attempt.order);
    return orders;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<Attempt>> attempts_;
};

std::string broker_uri() {
  const char* const given = std::getenv("BROKER_URI");
  return given ? given : "";
}

struct Events : ::testing::Test {
  Events() {
    if (broker_uri().empty()) {
      stage = std::make_unique<Bed>(
          std::initializer_list<tutti::Composed>{shop_service(), mails_service(), audit_service()});
      bed = static_cast<Bed*>(stage.get());
    } else {
      (void)in_broker([](tutti::bus::QueueReader& reader, tutti::Instant until) {
        return reader.count(dead_queue, until) ? reader.purge(dead_queue, until) : 0;
      });
      stage = std::make_unique<Live>(
          std::initializer_list<tutti::Composed>{shop_service(), mails_service(), audit_service()},
          tutti::testing::LiveRules{.settings = {{"tutti.broker.uri", broker_uri()}}});
    }
    // An event finds only the queues that are there: each service's probe is its last one.
    EXPECT_TRUE(stage->eventually([this] {
      stage->call(shop::ask, {.id = "probe"});
      return !seen.orders_of("mails.on_probe").empty() && !seen.orders_of("audit.on_probe").empty();
    }));
  }

  tutti::Composed shop_service() {
    return {shop::service, [](tutti::App& app) {
              auto& db = app.database("orders");
              auto& publisher = app.publisher();
              const auto announce = [&](const auto& method, const tutti::Event<shop::Order>& event) {
                app.serve(method, [&publisher, &event](const shop::Order& order) { publisher(event, order); });
              };
              announce(shop::place, shop::placed);
              announce(shop::open, shop::opened);
              announce(shop::close, shop::closed);
              announce(shop::fail, shop::failing);
              announce(shop::ask, shop::probe);
              app.serve(shop::store, [&db](const shop::Order& order) {
                db.transaction([&](tutti::Transaction& t) {
                  t.publish(shop::placed, order);
                  const std::string& id = order.id;
                  if (id.starts_with("undone")) throw tutti::Error(tutti::Code::failed_precondition, "taken back");
                });
              });
            }};
  }
  // A handler that takes note.
  void on(tutti::App& app, const std::string& service, const tutti::Event<shop::Order>& event,
          tutti::EventRules rules = {}) {
    const std::string handler = service + "." + (rules.name.empty() ? "on_" + std::string(event.name) : rules.name);
    auto& clock = app.clock();
    app.on(
        event,
        [this, handler, &clock](const shop::Order& order, const tutti::Context& context) {
          seen.add(handler, order, context, clock.now());
          const std::string& id = order.id;
          if (id.starts_with("bad")) throw tutti::Error(tutti::Code::unavailable, "no room for " + id);
        },
        std::move(rules));
  }
  tutti::Composed mails_service() {
    return {mails, [this](tutti::App& app) {
              on(app, "mails", shop::placed);
              on(app, "mails", shop::placed, {.name = "also_on_placed"});
              on(app, "mails", shop::opened, {.delivery = tutti::Delivery::broadcast});
              on(app, "mails", shop::closed, {.delivery = tutti::Delivery::singleton});
              on(app, "mails", shop::failing, {.retry = {.attempts = attempts, .first = first_pause}});
              on(app, "mails", shop::probe);
            }};
  }
  tutti::Composed audit_service() {
    return {audit, [this](tutti::App& app) {
              on(app, "audit", shop::placed);
              on(app, "audit", shop::opened, {.delivery = tutti::Delivery::broadcast});
              on(app, "audit", shop::closed, {.delivery = tutti::Delivery::singleton});
              on(app, "audit", shop::probe);
            }};
  }

  template <class F>
  static std::uint32_t in_broker(F&& ask) {
    const auto world = tutti::world::real_world();
    std::uint32_t answer = 0;
    tutti::runtime::testing::on_fiber(*world, [&] {
      tutti::runtime::Shard& shard = tutti::runtime::Shard::current();
      tutti::bus::QueueReader reader(shard, {.uri = tutti::bus::parse_broker_uri(broker_uri())});
      answer = ask(reader, shard.now() + 10s);
      reader.close(shard.now() + 1s);
    });
    return answer;
  }
  [[nodiscard]] std::size_t dead() const {
    if (bed) return bed->dead_letters(shop::failing).size();
    return in_broker([](tutti::bus::QueueReader& reader, tutti::Instant until) {
      return reader.count(dead_queue, until).value_or(0);
    });
  }
  // What comes late would be seen then.
  void let_everything_come() {
    const std::size_t before = seen.orders_of("mails.on_probe").size();
    stage->call(shop::ask, {.id = "after"});
    EXPECT_TRUE(stage->eventually([&] { return seen.orders_of("mails.on_probe").size() > before; }));
    EXPECT_FALSE(stage->eventually([] { return false; }, 4 * first_pause));
  }

  Seen seen;
  std::unique_ptr<Stage> stage;
  Bed* bed = nullptr;
};

TEST_F(Events, of_the_pool_are_handled_once_by_each_service_and_each_of_its_handlers) {
  stage->call(shop::place, {.id = "o-1"});
  let_everything_come();

  EXPECT_THAT(seen.orders_of("mails.on_placed"), ElementsAre("o-1"));
  EXPECT_THAT(seen.orders_of("mails.also_on_placed"), ElementsAre("o-1"));
  EXPECT_THAT(seen.orders_of("audit.on_placed"), ElementsAre("o-1"));
}

TEST_F(Events, that_are_broadcast_are_handled_by_every_instance) {
  stage->call(shop::open, {.id = "o-1"});
  let_everything_come();

  EXPECT_THAT(seen.orders_of("mails.on_opened"), ElementsAre("o-1"));
  EXPECT_THAT(seen.orders_of("audit.on_opened"), ElementsAre("o-1"));
}

TEST_F(Events, for_a_singleton_are_handled_by_one_of_all_services) {
  for (const char* id : {"o-1", "o-2", "o-3"}) stage->call(shop::close, {.id = std::string(id)});
  let_everything_come();

  std::vector<std::string> all = seen.orders_of("mails.on_closed");
  for (const std::string& order : seen.orders_of("audit.on_closed")) all.push_back(order);
  EXPECT_THAT(all, UnorderedElementsAre("o-1", "o-2", "o-3"));
}

TEST_F(Events, that_fail_are_tried_again_after_pauses_that_double_with_the_same_id) {
  stage->call(shop::fail, {.id = "bad-1"});
  ASSERT_TRUE(stage->eventually([&] { return seen.orders_of("mails.on_failing").size() == attempts; }));

  const std::vector<Attempt> tried = seen.attempts_of("mails.on_failing");
  // A broker's timers may be late, and never early by more than their grain.
  EXPECT_THAT(tried[1].at - tried[0].at, Ge(first_pause - 10ms));
  EXPECT_THAT(tried[2].at - tried[1].at, Ge(2 * first_pause - 10ms));
  EXPECT_THAT(tried[2].at - tried[0].at, Le(5s));
  EXPECT_FALSE(tried[0].id.empty());
  EXPECT_EQ(tried[0].id, tried[1].id);
  EXPECT_EQ(tried[0].id, tried[2].id);
}

TEST_F(Events, are_dead_letters_after_the_last_attempt) {
  stage->call(shop::fail, {.id = "bad-1"});
  stage->call(shop::fail, {.id = "bad-2"});

  EXPECT_TRUE(stage->eventually([&] { return dead() == 2; }));
  let_everything_come();
  EXPECT_EQ(seen.orders_of("mails.on_failing").size(), 2u * attempts);
}

TEST_F(Events, that_fail_hold_up_no_others) {
  stage->call(shop::fail, {.id = "bad-1"});
  stage->call(shop::fail, {.id = "o-1"});
  ASSERT_TRUE(stage->eventually([&] { return dead() == 1; }));

  const std::vector<std::string> order = seen.orders_of("mails.on_failing");
  EXPECT_EQ(order.back(), "bad-1");
  EXPECT_EQ(std::count(order.begin(), order.end(), "o-1"), 1);
}

TEST_F(Events, of_a_transaction_leave_in_order_after_its_commit_and_not_without_it) {
  stage->call(shop::store, {.id = "o-1"});
  EXPECT_THROW(stage->call(shop::store, {.id = "undone-1"}), tutti::Error);
  stage->call(shop::store, {.id = "o-2"});
  EXPECT_TRUE(stage->eventually([&] { return seen.orders_of("audit.on_placed").size() == 2; }));
  let_everything_come();

  EXPECT_THAT(seen.orders_of("audit.on_placed"), ElementsAre("o-1", "o-2"));
}

TEST_F(Events, that_break_their_contract_are_not_published) {
  EXPECT_THROW(stage->call(shop::place, {.id = ""}), tutti::Error);
  let_everything_come();

  EXPECT_THAT(seen.orders_of("mails.on_placed"), IsEmpty());
}

TEST(EventHandlers, that_would_share_a_queue_are_refused_at_start) {
  const auto twice = [](tutti::App& app) {
    app.on(shop::placed, [](const shop::Order&) {});
    app.on(shop::placed, [](const shop::Order&) {});
  };
  std::string why;
  try {
    if (broker_uri().empty()) {
      Bed bed{{mails, twice}};
    } else {
      Live live({mails, twice}, {.settings = {{"tutti.broker.uri", broker_uri()}}});
      live.start();
    }
  } catch (const tutti::Error& error) {
    why = error.what();
  }

  EXPECT_THAT(why, HasSubstr("share the queue evt-shop-placed--mails.on_placed"));
}

}  // namespace
