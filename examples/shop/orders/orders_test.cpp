// orders alone, with faked neighbours and virtual time. What it promises with its payments, wherever they run, is in
// backoffice/placement_test.cpp.
#include <gtest/gtest.h>

#include <chrono>

#include <tutti/testing.hpp>

#include "catalog/contract.hpp"
#include "orders/orders.hpp"
#include "payments/contract.hpp"

namespace {

using namespace std::chrono_literals;
using tutti::testing::Bed;

const orders::Place two_mugs{.customer = "Ada", .lines = {{.sku = "mug", .quantity = 2}}, .card = "4242424242424242"};

struct OrdersTest : ::testing::Test {
  OrdersTest() {
    bed.fake(catalog::get, [](const catalog::Get& get) -> catalog::Product {
      if (get.sku == "ghost") throw catalog::Unknown{get.sku};
      return {.sku = get.sku, .name = "", .about = "", .price_minor = get.sku == "palace" ? 90'000'000 : 900};
    });
    charge_again();
  }
  void charge_again() {
    bed.fake(payments::charge, [this](const payments::Charge& charge) -> payments::Receipt {
      if (broken == charge.order_id) throw tutti::Error(tutti::Code::internal, "broken");
      return {.id = "r", .order_id = charge.order_id, .amount_minor = charge.amount_minor, .at = {}};
    });
  }
  std::string broken;
  Bed bed{{orders::service, orders::compose}};
};

TEST_F(OrdersTest, charges_the_total_once) {
  const auto order = bed.call(orders::place, two_mugs, {.idempotency_key = "k"});
  EXPECT_EQ(order.state, orders::State::paid);
  EXPECT_EQ(bed.call(orders::place, two_mugs, {.idempotency_key = "k"}).id, order.id);
  ASSERT_EQ(bed.calls(payments::charge).size(), 1u);
  EXPECT_EQ(bed.calls(payments::charge).front().amount_minor, 1800);
}

TEST_F(OrdersTest, settles_by_itself_when_payments_is_back) {
  bed.fail(payments::charge, tutti::Code::unavailable, 6);  // the Bed repeats the call: three attempts each
  const auto order = bed.call(orders::place, two_mugs, {.idempotency_key = "k"});
  EXPECT_EQ(order.state, orders::State::placed);
  bed.advance(30s);
  EXPECT_EQ(bed.call(orders::get, {.id = order.id}).state, orders::State::paid);
}

TEST_F(OrdersTest, refuses_what_is_not_sold_and_what_costs_too_much) {
  auto place = two_mugs;
  place.lines = {{.sku = "ghost", .quantity = 1}};
  EXPECT_THROW((void)bed.call(orders::place, place, {.idempotency_key = "a"}), orders::UnknownProduct);
  place.lines = {{.sku = "palace", .quantity = 2}};
  EXPECT_THROW((void)bed.call(orders::place, place, {.idempotency_key = "b"}), orders::TooMuch);
  EXPECT_TRUE(bed.calls(payments::charge).empty());
}

TEST_F(OrdersTest, gives_up_when_payments_fails_again_and_again) {
  bed.fake(payments::charge,
           [](const payments::Charge&) -> payments::Receipt { throw tutti::Error(tutti::Code::data_loss, "gone"); });
  const auto order = bed.call(orders::place, two_mugs, {.idempotency_key = "k"});
  EXPECT_EQ(order.state, orders::State::placed);
  bed.advance(24h);
  EXPECT_EQ(bed.call(orders::get, {.id = order.id}).state, orders::State::unclear);
  EXPECT_LE(bed.calls(payments::charge).size(), 6u);
  bed.run([&](tutti::Caller&) {
    EXPECT_EQ(bed.database("orders.orders").one<std::string>("select card from orders"), "");
  });
  charge_again();
  EXPECT_EQ(bed.call(orders::pay, {.id = order.id, .card = two_mugs.card}).state, orders::State::paid);
}

TEST_F(OrdersTest, settles_the_others_past_an_order_that_is_stuck) {
  bed.fail(payments::charge, tutti::Code::unavailable, 12);
  const auto stuck = bed.call(orders::place, two_mugs, {.idempotency_key = "a"});
  const auto other = bed.call(orders::place, two_mugs, {.idempotency_key = "b"});
  EXPECT_EQ(other.state, orders::State::placed);
  broken = stuck.id;
  bed.advance(30s);
  EXPECT_EQ(bed.call(orders::get, {.id = stuck.id}).state, orders::State::placed);
  EXPECT_EQ(bed.call(orders::get, {.id = other.id}).state, orders::State::paid);
}

TEST_F(OrdersTest, announces_what_becomes_of_an_order) {
  const auto order = bed.call(orders::place, two_mugs, {.idempotency_key = "k"});
  bed.settle();
  ASSERT_EQ(bed.published(orders::placed).size(), 1u);
  ASSERT_EQ(bed.published(orders::paid).size(), 1u);
  EXPECT_EQ(bed.published(orders::paid).front().id, order.id);
  EXPECT_GT(bed.published(orders::paid).front().revision, bed.published(orders::placed).front().revision);
  EXPECT_TRUE(bed.published(orders::cancelled).empty());
}

TEST_F(OrdersTest, announces_that_an_order_is_not_paid) {
  bed.fake(payments::charge, [](const payments::Charge&) -> payments::Receipt {
    throw payments::Declined{"the bank refuses this card"};
  });
  (void)bed.call(orders::place, two_mugs, {.idempotency_key = "k"});
  bed.settle();
  ASSERT_EQ(bed.published(orders::unpaid).size(), 1u);
  EXPECT_EQ(bed.published(orders::unpaid).front().reason, "the bank refuses this card");
  EXPECT_TRUE(bed.published(orders::paid).empty());
}

TEST_F(OrdersTest, cancels_once) {
  const auto order = bed.call(orders::place, two_mugs, {.idempotency_key = "k"});
  EXPECT_EQ(bed.call(orders::cancel, {.id = order.id}).state, orders::State::cancelled);
  EXPECT_EQ(bed.call(orders::cancel, {.id = order.id}).state, orders::State::cancelled);
  bed.settle();
  EXPECT_EQ(bed.published(orders::cancelled).size(), 1u);
  EXPECT_THROW((void)bed.call(orders::pay, {.id = order.id, .card = two_mugs.card}), orders::NotPayable);
  EXPECT_THROW((void)bed.call(orders::cancel, {.id = "none"}), orders::UnknownOrder);
}

// The order stays cancelled, and payments decides about the money.
TEST_F(OrdersTest, stays_cancelled_when_its_payment_ends_later) {
  bed.run([&](tutti::Caller& call) {
    bed.fake(payments::charge, [&](const payments::Charge& charge) -> payments::Receipt {
      (void)call(orders::cancel, {.id = charge.order_id});
      return {.id = "r", .order_id = charge.order_id, .amount_minor = charge.amount_minor, .at = {}};
    });
    EXPECT_EQ(call(orders::place, two_mugs, {.idempotency_key = "k"}).state, orders::State::cancelled);
  });
  bed.advance(1min);
  EXPECT_TRUE(bed.published(orders::paid).empty());
}

}  // namespace
