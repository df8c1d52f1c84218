// Three small contracts and the orders service that uses them: what the Bed's tests host and fake.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <tutti/tutti.hpp>

namespace catalog {
struct Get {
  std::string sku;
};
struct Product {
  std::string sku;
  std::int64_t price_minor;
};
struct Unknown {
  static constexpr auto code = tutti::Code::not_found;
  std::string sku;
};
inline constexpr tutti::Service service{"catalog", "1.0"};
inline constexpr tutti::Method<Product(Get), tutti::Throws<Unknown>> get{
    service, "get", {}, {.repeat = tutti::Repeat::safe}};
}  // namespace catalog

namespace payments {
struct Charge {
  std::string order;
  tutti::Range<std::int64_t, 1, 100'000'000> amount_minor;
};
struct Receipt {
  std::string id;
  std::string order;
  std::int64_t amount_minor;
  tutti::Time at;
};
struct Declined {
  static constexpr auto code = tutti::Code::failed_precondition;
  std::string reason;
};
inline constexpr tutti::Service service{"payments", "1.0"};
inline constexpr tutti::Method<Receipt(Charge), tutti::Throws<Declined>> charge{
    service, "charge", {}, {.repeat = tutti::Repeat::by_key, .deadline = std::chrono::seconds(2)}};
inline constexpr tutti::Event<Receipt> refunded{service, "refunded"};
}  // namespace payments

namespace orders {
enum class State { placed, paid };
struct Line {
  std::string sku;
  std::int32_t quantity = 1;
};
struct Place {
  std::string customer;
  std::vector<Line> lines = {};
};
struct Order {
  std::string id;
  std::string customer;
  State state = State::placed;
  std::vector<Line> lines = {};
  std::int64_t total_minor = 0;
};
struct Rejected {
  static constexpr auto code = tutti::Code::failed_precondition;
  std::string reason;
};
struct Count {
  std::string of = {};
};
struct Counted {
  std::int64_t refunds = 0;
  std::int64_t ticks = 0;
  std::int64_t limit = 0;
};
struct Settings {
  std::int64_t limit = 100;
};
inline constexpr tutti::Service service{"orders", "1.0"};
inline constexpr tutti::Method<Order(Place), tutti::Throws<Rejected>> place{service, "place"};
inline constexpr tutti::Method<Counted(Count)> count{service, "count"};
inline constexpr tutti::Event<Order> placed{service, "placed"};

class Orders {
 public:
  Orders(const Settings& settings, tutti::Caller call, tutti::Publisher& publish, tutti::Random& random)
      : settings_(settings), call_(call), publish_(publish), random_(random) {}

  Order place(const Place& request) {
    Order order{.id = random_.id(), .customer = request.customer, .lines = request.lines};
    for (const Line& line : request.lines)
      order.total_minor += call_(catalog::get, {.sku = line.sku}).price_minor * line.quantity;
    try {
      (void)call_(payments::charge, {.order = order.id, .amount_minor = order.total_minor},
                  {.idempotency_key = order.id});
    } catch (const payments::Declined& declined) {
      throw Rejected{"payment declined: " + declined.reason};
    }
    order.state = State::paid;
    publish_(placed, order);
    return order;
  }
  Counted count(const Count&) { return {.refunds = refunds_, .ticks = ticks_, .limit = settings_.limit}; }
  void refunded(const payments::Receipt&) { ++refunds_; }
  void tick() { ++ticks_; }

 private:
  const Settings& settings_;
  tutti::Caller call_;
  tutti::Publisher& publish_;
  tutti::Random& random_;
  std::int64_t refunds_ = 0;
  std::int64_t ticks_ = 0;
};

inline void compose(tutti::App& app) {
  auto& orders = app.make<Orders>(app.settings<Settings>(), app.caller(), app.publisher(), app.random());
  app.serve(place, orders, &Orders::place);
  app.serve(count, orders, &Orders::count);
  app.on(payments::refunded, orders, &Orders::refunded);
  app.every(std::chrono::minutes(1), orders, &Orders::tick);
}
}  // namespace orders
