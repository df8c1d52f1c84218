// The Bed as its users see it, with the orders of a small shop.
#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <chrono>

#include <tutti/testing.hpp>

#include "shop.hpp"

namespace {

using namespace std::chrono_literals;
using tutti::testing::Bed;
using tutti::testing::same;

payments::Receipt receipt_of(const payments::Charge& charge) {
  return {.id = "r", .order = charge.order, .amount_minor = charge.amount_minor, .at = {}};
}

struct OrdersTest : ::testing::Test {
  OrdersTest() {
    bed.fake(catalog::get,
             [](const catalog::Get& get) { return catalog::Product{.sku = get.sku, .price_minor = 900}; });
  }
  Bed bed{{orders::service, orders::compose}};
};

TEST_F(OrdersTest, charges_the_total_once_and_announces_the_order) {
  bed.fake(payments::charge, [](const payments::Charge& c) { return receipt_of(c); });
  const auto order = bed.call(orders::place, {.customer = "ada", .lines = {{.sku = "mug", .quantity = 2}}});
  EXPECT_EQ(order.state, orders::State::paid);
  ASSERT_EQ(bed.calls(payments::charge).size(), 1u);
  EXPECT_EQ(bed.calls(payments::charge).front().amount_minor, 1800);
  ASSERT_EQ(bed.published(orders::placed).size(), 1u);
  EXPECT_TRUE(same(bed.published(orders::placed).front(), order));
}

TEST_F(OrdersTest, says_why_a_payment_was_declined) {
  bed.fake(payments::charge,
           [](const payments::Charge&) -> payments::Receipt { throw payments::Declined{"no money"}; });
  EXPECT_THROW((void)bed.call(orders::place, {.customer = "ada", .lines = {{.sku = "mug"}}}), orders::Rejected);
  EXPECT_TRUE(bed.published(orders::placed).empty());
}

TEST_F(OrdersTest, retries_a_payment_that_was_not_reachable) {
  bed.fake(payments::charge, [](const auto& c) { return receipt_of(c); });
  bed.fail(payments::charge, tutti::Code::unavailable, 2);
  EXPECT_EQ(bed.call(orders::place, {.customer = "ada", .lines = {{.sku = "mug"}}}).state, orders::State::paid);
  EXPECT_EQ(bed.calls(payments::charge).size(), 1u);
}

TEST_F(OrdersTest, gives_up_a_payment_after_three_attempts) {
  bed.fake(payments::charge, [](const payments::Charge& c) { return receipt_of(c); });
  bed.fail(payments::charge, tutti::Code::unavailable, 3);
  try {
    (void)bed.call(orders::place, {.customer = "ada", .lines = {{.sku = "mug"}}});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const tutti::Error& error) {
    EXPECT_EQ(error.code(), tutti::Code::unavailable);
  }
  EXPECT_TRUE(bed.calls(payments::charge).empty());
}

TEST_F(OrdersTest, names_what_nobody_answers_and_the_line_to_write) {
  bed.expect_problem(
      "orders calls payments.charge, which nobody answers; write: bed.fake(payments::charge, [](const "
      "payments::Charge&) { return "
      "payments::Receipt{...}; });");
  EXPECT_THROW((void)bed.call(orders::place, {.customer = "ada", .lines = {{.sku = "mug"}}}), tutti::Error);
}

TEST_F(OrdersTest, names_an_error_that_no_contract_declares) {
  bed.fake(catalog::get, [](const catalog::Get& get) -> catalog::Product { throw catalog::Unknown{get.sku}; });
  bed.expect_problem("orders.place let catalog::Unknown out; declare it in Throws or translate it");
  EXPECT_THROW((void)bed.call(orders::place, {.customer = "ada", .lines = {{.sku = "mug"}}}), tutti::Error);
}

TEST_F(OrdersTest, hands_events_to_the_hosted_handlers) {
  bed.publish(payments::refunded, payments::Receipt{.id = "r", .order = "o", .amount_minor = 1, .at = {}});
  EXPECT_EQ(bed.call(orders::count, {}).refunds, 1);
  EXPECT_TRUE(bed.published(payments::refunded).empty());
}

TEST_F(OrdersTest, runs_timers_in_virtual_time) {
  const auto before = bed.now();
  bed.advance(5min + 1s);
  EXPECT_EQ(bed.call(orders::count, {}).ticks, 5);
  EXPECT_GE(bed.now() - before, 5min);
}

TEST(Bed, gives_settings_as_flags_do) {
  Bed bed{{{orders::service, orders::compose}}, {.settings = {{"orders.limit", "5"}}, .seed = 7}};
  EXPECT_EQ(bed.call(orders::count, {}).limit, 5);
}

TEST(Bed, hosts_several_services_that_find_each_other) {
  Bed bed{{orders::service, orders::compose}, {catalog::service, [](tutti::App& app) {
                                                 app.serve(catalog::get, [](const catalog::Get& get) {
                                                   return catalog::Product{.sku = get.sku, .price_minor = 7};
                                                 });
                                               }}};
  bed.fake(payments::charge, [](const payments::Charge& c) { return receipt_of(c); });
  EXPECT_EQ(bed.call(orders::place, {.customer = "ada", .lines = {{.sku = "mug"}}}).total_minor, 7);
  EXPECT_EQ(bed.calls(catalog::get).front().sku, "mug");
}

void charge_without_once(tutti::App& app) {
  app.serve(payments::charge, [](const payments::Charge& c) { return receipt_of(c); });
}

TEST(Bed, names_a_handler_that_forgot_once) {
  Bed bed{{payments::service, charge_without_once}};
  bed.expect_problem("payments.charge may be repeated by key, but its handler answered without database.once");
  (void)bed.call(payments::charge, {.order = "o", .amount_minor = 1});
}

void charge_in_a_bed() {
  Bed bed{{payments::service, charge_without_once}};
  (void)bed.call(payments::charge, {.order = "o", .amount_minor = 1});
}

void expect_a_problem_in_vain() {
  Bed bed{{orders::service, orders::compose}};
  bed.expect_problem("nothing of the kind");
}

TEST(Bed, fails_the_test_for_a_mistake_that_was_not_expected) {
  EXPECT_NONFATAL_FAILURE(charge_in_a_bed(), "database.once");
}

TEST(Bed, fails_the_test_for_an_expected_mistake_that_did_not_come) {
  EXPECT_NONFATAL_FAILURE(expect_a_problem_in_vain(), "nothing of the kind");
}

TEST(Bed, notices_that_a_repeated_call_answers_differently) {
  Bed bed{{payments::service, [](tutti::App& app) {
             app.serve(payments::charge, [n = 0](const payments::Charge& c) mutable {
               auto receipt = receipt_of(c);
               receipt.id = "r-" + std::to_string(++n);
               return receipt;
             });
           }}};
  bed.expect_problem("database.once");
  bed.expect_problem("database.once");
  bed.expect_problem("payments.charge was sent twice with one key and answered differently: id: ");
  (void)bed.call(payments::charge, {.order = "o", .amount_minor = 1}, {.idempotency_key = "k"});
}

TEST(Bed, answers_the_systems_clock_with_virtual_time) {
  Bed bed{{orders::service, orders::compose}};
  std::chrono::system_clock::time_point inside;
  bed.run([&](tutti::Caller&) { inside = std::chrono::system_clock::now(); });
  EXPECT_LE(std::chrono::abs(inside.time_since_epoch() - bed.now().since_epoch), 1s);
  EXPECT_GT(std::chrono::abs(std::chrono::system_clock::now() - inside), 1h)
      << "outside of a fiber it is the machine's";
}

TEST(Same, names_the_field_that_differs) {
  const orders::Place a{.customer = "ada", .lines = {{.sku = "mug", .quantity = 901}}};
  const orders::Place b{.customer = "ada", .lines = {{.sku = "mug", .quantity = 900}}};
  EXPECT_NONFATAL_FAILURE(EXPECT_TRUE(same(a, b)), "lines[0].quantity: 901, expected 900");
}

TEST(Printer, prints_messages_by_their_shape) {
  EXPECT_THAT(::testing::PrintToString(orders::Line{.sku = "mug", .quantity = 2}), ::testing::HasSubstr("\"mug\""));
  EXPECT_THAT(::testing::PrintToString(std::vector<orders::Line>{{.sku = "cup"}}), ::testing::HasSubstr("\"cup\""));
}

TEST(Printer, leaves_matchers_of_fields_to_gmock) {
  EXPECT_THAT((orders::Line{.sku = "mug", .quantity = 2}), ::testing::Field(&orders::Line::quantity, 2));
}

}  // namespace
