// orders and payments promise the same wherever they run: in a Bed, in a process each over rpc or HTTP, in one process.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

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
constexpr const char* names[] = {"bed", "apart_rpc", "apart_http", "together"};

std::unique_ptr<Stage> stage_at(Where where) {
  const tutti::Composed its_orders{orders::service, orders::compose},
      its_payments{payments::service, payments::compose};
  if (where == Where::bed) return std::unique_ptr<Stage>(new Bed{its_orders, its_payments});
  const LiveRules rules{.wire = where == Where::apart_http ? Wire::http : Wire::rpc,
                        .placement = where == Where::together ? Placement::together : Placement::apart};
  return std::unique_ptr<Stage>(new Live{{its_payments, its_orders}, rules});
}

struct Shop {
  explicit Shop(Where where) : stage(stage_at(where)) {
    stage->fake(catalog::get, [](const catalog::Get& get) -> catalog::Product {
      if (get.sku == "ghost") throw catalog::Unknown{get.sku};
      const auto price = get.sku == "palace" ? 90'000'000 : get.sku == "chair" ? 64'000 : get.sku == "gift" ? 0 : 900;
      return {.sku = get.sku, .name = "", .about = "", .price_minor = price};
    });
  }
  orders::Order place(const char* sku, const char* card, const char* key, int quantity = 1) {
    return stage->call(orders::place, {.customer = "Ada", .lines = {{.sku = sku, .quantity = quantity}}, .card = card},
                       {.idempotency_key = key});
  }
  std::string ask(const char* database, const char* sql) {
    std::string found;
    stage->run([&](tutti::Caller&) { found = stage->database(database).one<std::string>(sql).value(); });
    return found;
  }
  std::string charges() { return ask("payments.ledger", "select cast(count(*) as text) from receipts"); }
  std::string cards() { return ask("orders.orders", "select group_concat(card, '') from orders"); }

  std::unique_ptr<Stage> stage;
};

void everywhere(void (*test)(Shop& shop)) {
  for (const Where where : {Where::bed, Where::apart_rpc, Where::apart_http, Where::together}) {
    SCOPED_TRACE(names[static_cast<int>(where)]);
    Shop shop(where);
    test(shop);
  }
}

TEST(Placement, charges_an_order_once_however_often_it_is_sent) {
  everywhere([](Shop& shop) {
    const auto order = shop.place("mug", good_card, "k", 2);
    EXPECT_EQ(order.state, State::paid);
    EXPECT_EQ(order.total_minor, 1800);
    EXPECT_TRUE(same(shop.place("mug", good_card, "k", 2), order));
    EXPECT_TRUE(same(shop.stage->call(orders::get, {.id = order.id}), order));
    EXPECT_EQ(shop.charges(), "1");
    EXPECT_EQ(shop.cards(), "");
  });
}

TEST(Placement, takes_another_card_after_a_declined_one) {
  everywhere([](Shop& shop) {
    const auto order = shop.place("mug", bad_card, "k");
    EXPECT_EQ(order.state, State::declined);
    EXPECT_EQ(order.reason, "the bank refuses this card");
    EXPECT_EQ(shop.cards(), "");
    EXPECT_EQ(shop.stage->call(orders::pay, {.id = order.id, .card = good_card}).state, State::paid);
    EXPECT_EQ(shop.charges(), "1");
    EXPECT_EQ(shop.cards(), "");
  });
}

TEST(Placement, gives_up_what_payments_will_never_take) {
  everywhere([](Shop& shop) {
    EXPECT_EQ(shop.place("chair", good_card, "a").reason, "the amount is over the card's limit");
    EXPECT_EQ(shop.place("gift", good_card, "b").reason,
              "the payment was refused");  // nothing to charge: invalid there
    EXPECT_EQ(shop.charges(), "0");
    EXPECT_EQ(shop.cards(), "");
  });
}

TEST(Placement, charges_once_when_the_button_is_clicked_twice) {
  everywhere([](Shop& shop) {
    const auto order = shop.place("mug", bad_card, "k");
    shop.stage->run([&](tutti::Caller& call) {
      const auto click = [&] {
        try {
          EXPECT_EQ(call(orders::pay, {.id = order.id, .card = good_card}).state, State::paid);
        } catch (const orders::NotPayable& late) {
          EXPECT_EQ(late.state, State::paid);  // it came when the other had ended
        }
      };
      tutti::Scope clicks;
      clicks.spawn(click);
      clicks.spawn(click);
      clicks.join();
    });
    EXPECT_EQ(shop.charges(), "1");
  });
}

// How a call is refused, with what the error says.
std::string refusal(const std::function<void()>& call) {
  try {
    call();
    return "none";
  } catch (const orders::UnknownProduct& error) {
    return "UnknownProduct " + error.sku;
  } catch (const orders::TooMuch& error) {
    return "TooMuch " + std::to_string(error.total_minor_max);
  } catch (const orders::UnknownOrder& error) {
    return "UnknownOrder " + error.id;
  } catch (const orders::NotPayable& error) {
    return error.state == State::paid ? "NotPayable paid" : "NotPayable";
  } catch (const payments::NotCharged& error) {
    return "NotCharged " + error.order_id;
  } catch (const tutti::Error& error) {
    return std::string(tutti::name_of(error.code()));
  }
}

TEST(Placement, gives_the_money_of_a_cancelled_order_back) {
  for (const Where where : {Where::bed, Where::together}) {  // apart, events need a broker
    SCOPED_TRACE(names[static_cast<int>(where)]);
    Shop shop(where);
    const auto order = shop.place("mug", good_card, "k");
    EXPECT_EQ(shop.stage->call(orders::cancel, {.id = order.id}).state, State::cancelled);
    const auto refunded = [&] {
      return shop.ask("payments.ledger", "select cast(sum(refunded) as text) from receipts");
    };
    for (int look = 0; look < 1000 && refunded() != "1"; ++look) {
      shop.stage->run([](tutti::Caller&) { tutti::sleep(std::chrono::milliseconds(5)); });
    }
    EXPECT_EQ(refunded(), "1");
    EXPECT_EQ(shop.stage->call(payments::refund, {.order_id = order.id}).amount_minor, 900);
  }
}

TEST(Placement, refuses_with_the_contracts_own_errors) {
  everywhere([](Shop& shop) {
    const auto paid = shop.place("mug", good_card, "k");
    EXPECT_EQ(refusal([&] { shop.place("ghost", good_card, "a"); }), "UnknownProduct ghost");
    EXPECT_EQ(refusal([&] { shop.place("palace", good_card, "b", 2); }), "TooMuch 100000000");
    EXPECT_EQ(refusal([&] { shop.stage->call(orders::get, {.id = "none"}); }), "UnknownOrder none");
    EXPECT_EQ(refusal([&] { shop.stage->call(orders::pay, {.id = paid.id, .card = good_card}); }), "NotPayable paid");
    EXPECT_EQ(refusal([&] { shop.stage->call(payments::refund, {.order_id = "none"}); }), "NotCharged none");
  });
}

TEST(Placement, refuses_what_breaks_the_contract) {
  everywhere([](Shop& shop) {
    (void)shop.place("mug", good_card, "k");
    EXPECT_EQ(refusal([&] { shop.place("mug", "1234", "a"); }), "invalid_argument");
    EXPECT_EQ(refusal([&] { shop.place("mug", good_card, "b", 100); }), "invalid_argument");
    EXPECT_EQ(refusal([&] { shop.place("lamp", good_card, "k"); }), "invalid_argument");  // the key of another order
    EXPECT_EQ(shop.charges(), "1");
  });
}

}  // namespace
