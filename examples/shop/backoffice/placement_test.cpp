// orders and payments promise the same wherever they run: in a Bed, in a process each over rpc or HTTP, in one process.
#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tutti/testing.hpp>

#include "catalog/contract.hpp"
#include "orders/orders.hpp"
#include "payments/payments.hpp"

namespace {

using namespace tutti::testing;
using orders::State;

constexpr const char* good_card = "4242424242424242";
constexpr const char* bad_card = "4000000000000002";

enum class Where { bed, apart_rpc, apart_http, together };

std::unique_ptr<Stage> stage(Where where) {
  const tutti::Composed its_orders{orders::service, orders::compose},
      its_payments{payments::service, payments::compose};
  if (where == Where::bed) return std::unique_ptr<Stage>(new Bed{its_orders, its_payments});
  const LiveRules rules{.wire = where == Where::apart_http ? Wire::http : Wire::rpc,
                        .placement = where == Where::together ? Placement::together : Placement::apart};
  return std::unique_ptr<Stage>(new Live{{its_payments, its_orders}, rules});
}

struct Shop : ::testing::TestWithParam<Where> {
  Shop() {
    shop->fake(catalog::get, [](const catalog::Get& get) -> catalog::Product {
      if (get.sku == "ghost") throw catalog::Unknown{get.sku};
      const auto price = get.sku == "palace" ? 90'000'000 : get.sku == "chair" ? 64'000 : get.sku == "gift" ? 0 : 900;
      return {.sku = get.sku, .name = "", .about = "", .price_minor = price};
    });
  }
  orders::Order place(const char* sku, const char* card, const char* key, int quantity = 1) {
    return shop->call(orders::place, {.customer = "Ada", .lines = {{.sku = sku, .quantity = quantity}}, .card = card},
                      {.idempotency_key = key});
  }
  template <class T>
  T ask(const char* database, const char* sql) {
    std::optional<T> found;
    shop->run([&](tutti::Caller&) { found = shop->database(database).one<T>(sql); });
    return found.value();
  }
  std::int64_t charges() { return ask<std::int64_t>("payments.ledger", "select count(*) from receipts"); }
  std::string cards() { return ask<std::string>("orders.orders", "select group_concat(card, '') from orders"); }

  std::unique_ptr<Stage> shop = stage(GetParam());
};

TEST_P(Shop, charges_an_order_once_however_often_it_is_sent) {
  const auto order = place("mug", good_card, "k", 2);
  EXPECT_EQ(order.state, State::paid);
  EXPECT_EQ(order.total_minor, 1800);
  EXPECT_TRUE(same(place("mug", good_card, "k", 2), order));
  EXPECT_TRUE(same(shop->call(orders::get, {.id = order.id}), order));
  EXPECT_EQ(charges(), 1);
  EXPECT_EQ(cards(), "");
}

TEST_P(Shop, takes_another_card_after_a_declined_one) {
  const auto order = place("mug", bad_card, "k");
  EXPECT_EQ(order.state, State::declined);
  EXPECT_EQ(order.reason, "the bank refuses this card");
  EXPECT_EQ(cards(), "");
  EXPECT_EQ(shop->call(orders::pay, {.id = order.id, .card = good_card}).state, State::paid);
  EXPECT_EQ(charges(), 1);
  EXPECT_EQ(cards(), "");
}

TEST_P(Shop, gives_up_what_payments_will_never_take) {
  EXPECT_EQ(place("chair", good_card, "a").reason, "the amount is over the card's limit");
  EXPECT_EQ(place("gift", good_card, "b").reason, "the payment was refused");  // nothing to charge: invalid there
  EXPECT_EQ(charges(), 0);
  EXPECT_EQ(cards(), "");
}

TEST_P(Shop, charges_once_when_the_button_is_clicked_twice) {
  const auto order = place("mug", bad_card, "k");
  shop->run([&](tutti::Caller& call) {
    const auto click = [&] { return call(orders::pay, {.id = order.id, .card = good_card}).state; };
    const auto [first, second] = tutti::all(click, click);
    EXPECT_EQ(first, State::paid);
    EXPECT_EQ(second, State::paid);
  });
  EXPECT_EQ(charges(), 1);
}

// The error of that type, or of another one as a failure.
template <class E, class F>
E error_of(F&& call) {
  try {
    call();
  } catch (const E& error) {
    return error;
  } catch (const std::exception& other) {
    ADD_FAILURE() << other.what();
  }
  ADD_FAILURE() << "the error did not come";
  return E{};
}

TEST_P(Shop, refuses_with_the_contracts_own_errors) {
  const auto paid = place("mug", good_card, "k");
  EXPECT_EQ(error_of<orders::UnknownProduct>([&] { place("ghost", good_card, "a"); }).sku, "ghost");
  EXPECT_EQ(error_of<orders::TooMuch>([&] { place("palace", good_card, "b", 2); }).total_minor_max, 100'000'000);
  EXPECT_EQ(error_of<orders::UnknownOrder>([&] { shop->call(orders::get, {.id = "none"}); }).id, "none");
  EXPECT_EQ(error_of<orders::NotPayable>([&] { shop->call(orders::pay, {.id = paid.id, .card = good_card}); }).state,
            State::paid);
  EXPECT_EQ(error_of<payments::NotCharged>([&] { shop->call(payments::refund, {.order_id = "none"}); }).order_id,
            "none");
}

TEST_P(Shop, refuses_what_breaks_the_contract) {
  (void)place("mug", good_card, "k");
  const auto code_of = [](auto&& call) {
    try {
      call();
    } catch (const tutti::Error& error) {
      return error.code();
    }
    return tutti::Code::ok;
  };
  EXPECT_EQ(code_of([&] { place("mug", "1234", "a"); }), tutti::Code::invalid_argument);
  EXPECT_EQ(code_of([&] { place("mug", good_card, "b", 100); }), tutti::Code::invalid_argument);
  EXPECT_EQ(code_of([&] { place("lamp", good_card, "k"); }),
            tutti::Code::invalid_argument);  // the key of another order
  EXPECT_EQ(charges(), 1);
}

constexpr std::string_view names[] = {"bed", "apart_rpc", "apart_http", "together"};
INSTANTIATE_TEST_SUITE_P(Everywhere, Shop,
                         ::testing::Values(Where::bed, Where::apart_rpc, Where::apart_http, Where::together),
                         [](const auto& tested) { return std::string(names[static_cast<int>(tested.param)]); });

}  // namespace
