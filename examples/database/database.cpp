// Orders in a database of the service's own: rows, a transaction with its event, and a reply that is given once.
#include <tutti/tutti.hpp>

namespace orders {

enum class State { placed, paid };
struct Line {
  std::string sku;
  int quantity = 1;
};
struct Order {
  std::string id;
  std::string customer;
  State state = State::placed;
  std::vector<Line> lines;
};
struct Place {
  tutti::Text<1, 80> customer;
  tutti::Items<Line, 1> lines;
};
struct Get {
  tutti::Text<1, 64> id;
};
struct Find {
  tutti::Text<1, 80> customer;
};
struct Found {
  std::vector<Order> orders;
};
struct Unknown {
  static constexpr auto code = tutti::Code::not_found;
  std::string id;
};

inline constexpr tutti::Service service{"orders", "1.0"};
inline constexpr tutti::Method<Order(Place)> place{
    service, "place", tutti::post("/orders", 201), {.repeat = tutti::Repeat::by_key}};
inline constexpr tutti::Method<Order(Get), tutti::Throws<Unknown>> pay{service, "pay",
                                                                       tutti::post("/orders/{id}/payment")};
inline constexpr tutti::Method<Found(Find)> find{service, "find", tutti::get("/orders")};
inline constexpr tutti::Method<Order(Get), tutti::Throws<Unknown>> get{service, "get", tutti::get("/orders/{id}")};
inline constexpr tutti::Method<void(Get)> cancel{service, "cancel", tutti::del("/orders/{id}")};
inline constexpr tutti::Method<void(Order)> adopt{service, "adopt", tutti::put("/orders/{id}")};
inline constexpr tutti::Event<Order> paid{service, "paid"};

constexpr tutti::Migration migrations[] = {
    {"0001-orders.sql",
     "create table orders (id text primary key, customer text not null, state text not null, lines text not null)"}};

class Orders {
 public:
  Orders(tutti::Database& db, tutti::Random& random) : db_(db), random_(random) {}

  // An order that was made elsewhere.
  void adopt(const Order& order) { db_.insert("orders", order); }

  Found find(const Find& request) {
    const auto& customer = request.customer;
    auto all = db_.query<Order>("select * from orders where customer = ?", customer);  // std::vector<Order>
    return {.orders = std::move(all)};
  }

  Order get(const Get& request) {
    const auto& id = request.id;
    auto one = db_.one<Order>("select * from orders where id = ?", id);  // std::optional<Order>
    if (!one) throw Unknown{id};
    return *one;
  }

  void cancel(const Get& request) {
    const auto& id = request.id;
    db_.run("delete from orders where id = ?", id);  // rows changed
  }

  Order pay(const Get& request) {
    const auto& id = request.id;
    auto order = get(request);
    order.state = State::paid;
    db_.transaction([&](tutti::Transaction& t) {
      t.run("update orders set state = ? where id = ?", State::paid, id);
      t.publish(paid, order);  // leaves after the commit
    });
    return order;
  }

  Order place(const Place& request, const tutti::Context& context) {
    return db_.once(context, [&](tutti::Transaction& t) {
      Order order{.id = random_.id(), .customer = request.customer, .state = State::placed, .lines = request.lines};
      t.insert("orders", order);
      return order;
    });
  }

 private:
  tutti::Database& db_;
  tutti::Random& random_;
};

void compose(tutti::App& app) {
  auto& orders = app.make<Orders>(app.database("orders", {.migrations = migrations}), app.random());
  app.serve(place, orders, &Orders::place);
  app.serve(pay, orders, &Orders::pay);
  app.serve(find, orders, &Orders::find);
  app.serve(get, orders, &Orders::get);
  app.serve(cancel, orders, &Orders::cancel);
  app.serve(adopt, orders, &Orders::adopt);
}

}  // namespace orders

int main(int argc, char** argv) { return tutti::main(argc, argv, {orders::service, orders::compose}); }
