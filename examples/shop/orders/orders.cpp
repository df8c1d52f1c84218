#include "orders/orders.hpp"

#include "catalog/contract.hpp"
#include "orders/migrations.hpp"
#include "payments/contract.hpp"

namespace orders {

namespace {

// What a payment needs; each new card is a new attempt, and each attempt has a key of its own.
struct Payment {
  State state = State::placed;
  std::int64_t total_minor = 0;
  std::string card;
  int attempt = 1;
  int failures = 0;  // of this attempt
};

// Payments has looked at the charge and will never take it. After any other error the money may have been taken.
bool is_refusal(tutti::Code code) {
  return code == tutti::Code::invalid_argument || code == tutti::Code::out_of_range ||
         code == tutti::Code::failed_precondition || code == tutti::Code::permission_denied ||
         code == tutti::Code::unauthenticated || code == tutti::Code::unimplemented;
}

// Payments has a fault of its own: asking again may help, but perhaps never.
bool is_fault(tutti::Code code) {
  return code == tutti::Code::internal || code == tutti::Code::data_loss || code == tutti::Code::unknown;
}

}  // namespace

Order Orders::place(const Place& request, const tutti::Context& context) {
  const auto total = total_of(request);
  const auto stored = db_.once(context, [&](tutti::Transaction& t) {
    Order order{.id = random_.id(), .customer = request.customer, .lines = request.lines, .total_minor = total};
    t.run(
        "insert into orders (id, customer, lines, total_minor, state, reason, card, attempt, touched) values (?, ?, ?, "
        "?, ?, '', ?, 1, ?)",
        order.id, order.customer, order.lines, order.total_minor, order.state, request.card, clock_.now());
    t.publish(placed, order);
    return order;
  });
  return charge(stored.id);
}

Order Orders::pay(const Pay& request) {
  const auto changed = db_.run(
      "update orders set state = ?, reason = '', card = ?, attempt = attempt + 1, failures = 0, touched = ?, revision "
      "= "
      "revision + 1 where id = ? and state in (?, ?)",
      State::placed, request.card, clock_.now(), request.id, State::declined, State::unclear);
  if (changed == 0) {
    const auto order = get({request.id});
    if (order.state != State::placed) throw NotPayable{order.state};  // a second click joins the payment under way
  }
  return charge(request.id);
}

Order Orders::get(const Get& request) {
  auto order = db_.one<Order>("select * from orders where id = ?", request.id);
  if (!order) throw UnknownOrder{request.id};
  return *order;
}

// A payment that is under way is not stopped by this: payments gives it back when it hears of the cancellation, or
// takes no money any more.
Order Orders::cancel(const Cancel& request) {
  db_.transaction([&](tutti::Transaction& t) {
    const auto changed = t.run(
        "update orders set state = ?, reason = '', card = '', revision = revision + 1 where id = ? and state <> ?",
        State::cancelled, request.id, State::cancelled);
    if (changed == 1) t.publish(cancelled, *t.one<Order>("select * from orders where id = ?", request.id));
  });
  return get({request.id});
}

// A timer: finishes what a crash, or payments being down, left behind.
void Orders::settle() {
  const auto left =
      db_.query<std::string>("select id from orders where state = ? and touched < ? order by touched limit 100",
                             State::placed, clock_.now() - settings_.settle_after);
  for (const auto& id : left) {
    // To the end of the queue: an order that cannot be settled does not stand before the others.
    db_.run("update orders set touched = ? where id = ? and state = ?", clock_.now(), id, State::placed);
    try {
      (void)attempt(id);
    } catch (const tutti::Error& error) {
      log_.warn("payment pending", {{"order", id}, {"error", error.what()}});
      if (error.retryable()) return;  // payments is down: the rest has to wait too
    }
  }
}

std::int64_t Orders::total_of(const Place& request) {
  std::int64_t total = 0;
  for (const auto& line : request.lines) {
    try {
      const auto price = call_(catalog::get, {.sku = std::string(line.sku)}).price_minor;
      if (price > (total_minor_max - total) / line.quantity) throw TooMuch{total_minor_max};
      total += price * line.quantity;
    } catch (const catalog::Unknown& unknown) {
      throw UnknownProduct{unknown.sku};
    }
  }
  return total;
}

Order Orders::charge(const std::string& id) {
  try {
    return attempt(id);
  } catch (const tutti::Error& error) {
    log_.warn("payment pending", {{"order", id}, {"error", error.what()}});
    return get({id});  // still placed: settle() asks again, with the same key
  }
}

// Throws tutti::Error when nobody knows yet whether the money was taken.
Order Orders::attempt(const std::string& id) {
  const auto payment =
      db_.one<Payment>("select state, total_minor, card, attempt, failures from orders where id = ?", id);
  if (!payment) throw UnknownOrder{id};
  if (payment->state != State::placed) return get({id});  // a repeated call, or the timer was faster
  try {
    (void)call_(payments::charge, {.order_id = id, .amount_minor = payment->total_minor, .card = payment->card},
                {.idempotency_key = id + "-" + std::to_string(payment->attempt)});
  } catch (const payments::Declined& declined) {
    return mark(id, payment->attempt, State::declined, declined.reason);
  } catch (const tutti::Error& error) {
    if (is_fault(error.code())) {
      db_.run("update orders set failures = failures + 1 where id = ? and attempt = ?", id, payment->attempt);
      if (payment->failures + 1 >= settings_.failures_max) return give_up(id, payment->attempt);
    }
    if (!is_refusal(error.code())) throw;
    log_.warn("payment refused", {{"order", id}, {"error", error.what()}});
    return mark(id, payment->attempt, State::declined, "the payment was refused");
  }
  return mark(id, payment->attempt, State::paid, "");
}

// The money may have been taken or not: somebody has to look.
Order Orders::give_up(const std::string& id, int attempt) {
  log_.error("payment unclear", {{"order", id}});
  return mark(id, attempt, State::unclear, "nobody can say yet whether it was paid; paying again takes no money twice");
}

// The card is kept only while it is needed.
Order Orders::mark(const std::string& id, int attempt, State state, const std::string& reason) {
  db_.transaction([&](tutti::Transaction& t) {
    const auto changed = t.run(
        "update orders set state = ?, reason = ?, card = '', revision = revision + 1 where id = ? and attempt = ? and "
        "state = ?",
        state, reason, id, attempt, State::placed);
    if (changed == 0) return;  // cancelled meanwhile, or another attempt was faster
    t.publish(state == State::paid ? paid : unpaid, *t.one<Order>("select * from orders where id = ?", id));
  });
  return get({id});
}

void compose(tutti::App& app) {
  auto& orders = app.make<Orders>(app.settings<Settings>(), app.database("orders", {.migrations = migrations}),
                                  app.caller(), app.random(), app.clock(), app.log());
  app.serve(place, orders, &Orders::place);
  app.serve(pay, orders, &Orders::pay);
  app.serve(get, orders, &Orders::get);
  app.serve(cancel, orders, &Orders::cancel);
  app.announces(placed, paid, unpaid, cancelled);
  app.every(std::chrono::seconds(5), orders, &Orders::settle);
}

}  // namespace orders
