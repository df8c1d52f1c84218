// One service announces, another reacts. Here they share a process; with a broker they may be apart, and nothing of
// this file changes: --tutti.broker.uri=amqp://127.0.0.1
#include <tutti/tutti.hpp>

using namespace std::chrono_literals;

namespace orders {
struct Place {
  tutti::Text<1, 40> customer;
};
struct Placed {
  std::string order;
  std::string customer;
};
inline constexpr tutti::Service service{"orders", "1.0"};
inline constexpr tutti::Event<Placed> placed{service, "placed"};
inline constexpr tutti::Method<Placed(Place)> place{service, "place", tutti::post("/orders", 201)};

constexpr tutti::Migration migrations[] = {
    {"0001-orders.sql", "create table orders (id text primary key, customer text not null)"}};

class Orders {
 public:
  Orders(tutti::Database& db, tutti::Random& random) : db_(db), random_(random) {}

  Placed place_order(const Place& request) {
    const Placed made{.order = random_.id(), .customer = request.customer};
    db_.transaction([&](tutti::Transaction& t) {
      t.run("insert into orders (id, customer) values (?, ?)", made.order, made.customer);
      t.publish(placed, made);  // leaves after the commit
    });
    return made;
  }

 private:
  tutti::Database& db_;
  tutti::Random& random_;
};

void compose(tutti::App& app) {
  auto& orders = app.make<Orders>(app.database("orders", {.migrations = migrations}), app.random());
  app.serve(place, orders, &Orders::place_order);
  app.announces(placed);
}

}  // namespace orders

namespace mails {
struct Sent {
  std::vector<std::string> to = {};
  int summaries = 0;
};
inline constexpr tutti::Service service{"mails", "1.0"};
inline constexpr tutti::Method<Sent()> sent{service, "sent", tutti::get("/mails")};

class Mails {
 public:
  void on_placed(const orders::Placed& order) { sent_.to.push_back(order.customer); }
  void send_summary() { ++sent_.summaries; }
  Sent sent() const { return sent_; }

 private:
  Sent sent_;
};

void compose(tutti::App& app) {
  auto& mails = app.make<Mails>();
  app.on(orders::placed, mails, &Mails::on_placed, {.retry = {.attempts = 8, .first = 1s, .longest = 1min}});
  app.every(1h, mails, &Mails::send_summary, {.once = tutti::Once::per_fleet, .name = "summary"});
  app.serve(sent, mails, &Mails::sent);
}
}  // namespace mails

int main(int argc, char** argv) {
  return tutti::main(argc, argv, {{orders::service, orders::compose}, {mails::service, mails::compose}});
}
