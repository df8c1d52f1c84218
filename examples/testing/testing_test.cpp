// docs/guide/testing.md's tests, with the little that it needs: a service that charges what it orders.
#include <gtest/gtest.h>

#include <memory>

#include <tutti/testing.hpp>
#include <tutti/tutti.hpp>

namespace payments {
struct Charge {
  std::int64_t amount_minor = 0;
};
struct Receipt {
  std::string id;
};
inline constexpr tutti::Service service{"payments", "1.0"};
inline constexpr tutti::Method<Receipt(Charge)> charge{service, "charge", tutti::post("/charges")};
}  // namespace payments

namespace orders {
enum class State { placed, paid };
struct Line {
  std::string sku;
};
struct Place {
  std::string customer;
  std::vector<Line> lines;
};
struct Order {
  std::string customer;
  State state = State::placed;
};
inline constexpr tutti::Service service{"orders", "1.0"};
inline constexpr tutti::Method<Order(Place)> place{service, "place", tutti::post("/orders"), {.allow = "orders:place"}};
inline constexpr tutti::Event<Order> placed{service, "placed"};

void compose(tutti::App& app) {
  app.serve(place, [call = app.caller(), &publish = app.publisher()](const Place& request) mutable {
    (void)call(payments::charge, {.amount_minor = 900 * static_cast<std::int64_t>(request.lines.size())});
    const Order order{.customer = request.customer, .state = State::paid};
    publish(placed, order);
    return order;
  });
}
}  // namespace orders

namespace {

payments::Receipt receipt_of(const payments::Charge& charge) {
  return {.id = "r" + std::to_string(charge.amount_minor)};
}

TEST(Orders, charges_the_total_once) {
  tutti::testing::Bed bed{{orders::service, orders::compose}};
  bed.fake(payments::charge, [](const payments::Charge& c) { return receipt_of(c); });

  const auto order = bed.call(orders::place, {.customer = "ada", .lines = {{.sku = "mug"}}});

  EXPECT_EQ(order.state, orders::State::paid);
  EXPECT_EQ(bed.calls(payments::charge).size(), 1u);
  EXPECT_EQ(bed.published(orders::placed).size(), 1u);
}

TEST(Orders, are_placed_by_who_may) {
  tutti::testing::Bed bed{{orders::service, orders::compose}};
  bed.act_as({.name = "eve", .permissions = {"orders:read"}});
  EXPECT_THROW((void)bed.call(orders::place, {.customer = "eve", .lines = {{.sku = "mug"}}}), tutti::Error);
}

TEST(Orders, charges_over_rpc) {
  tutti::testing::Live live{{orders::service, orders::compose}};
  live.fake(payments::charge, [](const payments::Charge& c) { return receipt_of(c); });

  EXPECT_EQ(live.call(orders::place, {.customer = "ada", .lines = {{.sku = "mug"}}}).state, orders::State::paid);
}

}  // namespace

namespace everywhere {

using namespace tutti::testing;

std::unique_ptr<Stage> stage(bool live) {
  if (!live) return std::unique_ptr<Stage>(new Bed{{orders::service, orders::compose}});
  return std::unique_ptr<Stage>(new Live{{orders::service, orders::compose}, {.wire = Wire::http}});
}

struct Orders : testing::TestWithParam<bool> {
  Orders() {
    shop->fake(payments::charge, [](const payments::Charge& c) { return receipt_of(c); });
  }
  std::unique_ptr<Stage> shop = stage(GetParam());
};

TEST_P(Orders, are_paid) {
  EXPECT_EQ(shop->call(orders::place, {.customer = "ada", .lines = {{.sku = "mug"}}}).state, orders::State::paid);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Orders, testing::Bool());

}  // namespace everywhere
