// The ledger: an order is charged once, whoever asks and how often.
#include <gtest/gtest.h>

#include <tutti/testing.hpp>

#include "payments/payments.hpp"

namespace {

using tutti::testing::Bed;
using tutti::testing::same;

const payments::Charge charge_of_17{.order_id = "o17", .amount_minor = 1999, .card = "4242424242424242"};
const orders::Order cancelled_17{.id = "o17", .customer = "Ada", .lines = {}, .state = orders::State::cancelled};

struct PaymentsTest : ::testing::Test {
  Bed bed{{payments::service, payments::compose}};
};

TEST_F(PaymentsTest, gives_a_repeated_charge_the_same_receipt) {
  const auto receipt = bed.call(payments::charge, charge_of_17, {.idempotency_key = "k"});
  EXPECT_TRUE(same(bed.call(payments::charge, charge_of_17, {.idempotency_key = "k"}), receipt));
  EXPECT_EQ(bed.call(payments::charge, charge_of_17, {.idempotency_key = "another"}).id, receipt.id);
}

TEST_F(PaymentsTest, declines_above_the_limit) {
  auto charge = charge_of_17;
  charge.amount_minor = 50'001;
  EXPECT_THROW((void)bed.call(payments::charge, charge, {.idempotency_key = "k"}), payments::Declined);
}

TEST_F(PaymentsTest, refunds_only_what_was_charged) {
  EXPECT_THROW((void)bed.call(payments::refund, {.order_id = "o17"}), payments::NotCharged);
  (void)bed.call(payments::charge, charge_of_17, {.idempotency_key = "k"});
  EXPECT_TRUE(bed.call(payments::refund, {.order_id = "o17"}).refunded);
}

TEST_F(PaymentsTest, gives_the_money_of_a_cancelled_order_back_however_often_it_hears_of_it) {
  const auto receipt = bed.call(payments::charge, charge_of_17, {.idempotency_key = "k"});
  EXPECT_FALSE(receipt.refunded);
  for (int time = 0; time < 2; ++time) {
    bed.publish(orders::cancelled, cancelled_17);
    bed.settle();
  }
  bed.run([&](tutti::Caller&) {
    EXPECT_EQ(
        bed.database("payments.ledger").one<std::string>("select group_concat(order_id || refunded) from receipts"),
        "o171");
  });
}

TEST_F(PaymentsTest, takes_no_money_for_an_order_that_was_cancelled_before) {
  bed.publish(orders::cancelled, cancelled_17);
  bed.settle();
  EXPECT_THROW((void)bed.call(payments::charge, charge_of_17, {.idempotency_key = "k"}), payments::Declined);
}

}  // namespace
