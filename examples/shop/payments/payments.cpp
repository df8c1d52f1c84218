#include "payments/payments.hpp"

#include "payments/migrations.hpp"

namespace payments {

Receipt Payments::charge(const Charge& request, const tutti::Context& context) {
  return ledger_.once(context, [&](tutti::Transaction& t) {
    // Whoever asks, and with whatever key: an order is charged once.
    if (auto earlier = t.one<Receipt>("select * from receipts where order_id = ?", request.order_id)) return *earlier;
    if (t.one<int>("select 1 from cancellations where order_id = ?", request.order_id)) {
      throw Declined{"the order is cancelled"};
    }
    if (request.card.ends_with(settings_.declined_ending)) throw Declined{"the bank refuses this card"};
    if (request.amount_minor > settings_.limit_minor) throw Declined{"the amount is over the card's limit"};

    Receipt receipt{.id = random_.id(), .order_id = request.order_id, .amount_minor = request.amount_minor, .at = clock_.now()};
    t.insert("receipts", receipt);
    t.publish(charged, receipt);
    return receipt;
  });
}

Receipt Payments::refund(const Refund& request) {
  return ledger_.transaction([&](tutti::Transaction& t) {
    t.run("update receipts set refunded = ? where order_id = ?", true, request.order_id);
    auto receipt = t.one<Receipt>("select * from receipts where order_id = ?", request.order_id);
    if (!receipt) throw NotCharged{request.order_id};
    return *receipt;
  });
}

void Payments::on_cancelled(const orders::Order& order) {
  ledger_.transaction([&](tutti::Transaction& t) {
    t.run("insert or ignore into cancellations (order_id) values (?)", order.id);
    t.run("update receipts set refunded = ? where order_id = ?", true, order.id);
  });
}

void compose(tutti::App& app) {
  auto& payments = app.make<Payments>(app.settings<Settings>(), app.database("ledger", {.migrations = migrations}),
                                      app.random(), app.clock());
  app.serve(charge, payments, &Payments::charge);
  app.serve(refund, payments, &Payments::refund);
  app.announces(charged);
  app.on(orders::cancelled, payments, &Payments::on_cancelled);
}

}  // namespace payments
