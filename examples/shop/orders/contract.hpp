// orders takes what customers want to buy and sees to it that it is paid.
#pragma once

#include <tutti/contract.hpp>

namespace orders {

// placed: stored, the payment is not settled yet. The service settles it by itself, also after a crash.
// unclear: payments could not say whether the money was taken, however often it was asked. Paying again settles it, and
// takes no money a second time.
// cancelled: the end of an order. What was paid for it is given back.
enum class State { placed, paid, declined, unclear, cancelled };

using Card = tutti::Pattern<"[0-9]{12,19}">;

struct Line {
  tutti::Text<1, 32> sku;
  tutti::Range<int, 1, 99> quantity = 1;
};
struct Place {
  tutti::Text<1, 80> customer;
  tutti::Items<Line, 1, 20> lines;
  Card card;
};
struct Order {
  std::string id;
  std::string customer;
  std::vector<Line> lines;
  std::int64_t total_minor = 0;
  State state = State::placed;
  std::string reason = "";  // why a payment was declined or is unclear
  std::int64_t revision = 1;  // grows with each change: who hears of an order late or twice sees it by this
};
struct Pay {
  tutti::Text<1, 64> id;
  Card card;
};
struct Get {
  tutti::Text<1, 64> id;
};
struct Cancel {
  tutti::Text<1, 64> id;
};
struct UnknownOrder {
  static constexpr auto code = tutti::Code::not_found;
  std::string id;
};
struct UnknownProduct {
  static constexpr auto code = tutti::Code::failed_precondition;
  std::string sku;
};
inline constexpr std::int64_t total_minor_max = 100'000'000;  // of one order, in cents
struct TooMuch {
  static constexpr auto code = tutti::Code::failed_precondition;
  std::int64_t total_minor_max = 0;
};
struct NotPayable {
  static constexpr auto code = tutti::Code::failed_precondition;
  State state = State::placed;
};

constexpr auto describe(tutti::Of<Place>) {
  return tutti::about("Order and pay. While payments cannot be reached the order stays placed and is settled later.",
                      tutti::field(&Place::customer, "Who buys", "Ada"),
                      tutti::field(&Place::card, "Digits only", "4242424242424242"));
}

inline constexpr tutti::Service service{"orders", "1.0"};
inline constexpr tutti::Method<Order(Place), tutti::Throws<UnknownProduct, TooMuch>> place{
    service,
    "place",
    tutti::post("/orders", 201),
    {.repeat = tutti::Repeat::by_key, .deadline = std::chrono::seconds(10)}};
inline constexpr tutti::Method<Order(Pay), tutti::Throws<UnknownOrder, NotPayable>> pay{
    service, "pay", tutti::post("/orders/{id}/payment"), {.deadline = std::chrono::seconds(10)}};
inline constexpr tutti::Method<Order(Get), tutti::Throws<UnknownOrder>> get{
    service, "get", tutti::get("/orders/{id}"), {.repeat = tutti::Repeat::safe}};
// Cancelling a second time changes nothing.
inline constexpr tutti::Method<Order(Cancel), tutti::Throws<UnknownOrder>> cancel{
    service, "cancel", tutti::post("/orders/{id}/cancellation")};

// What becomes of an order. Each comes with the change that it tells of, at least once.
inline constexpr tutti::Event<Order> placed{service, "placed"};
inline constexpr tutti::Event<Order> paid{service, "paid"};
inline constexpr tutti::Event<Order> unpaid{service, "unpaid"};  // declined or unclear
inline constexpr tutti::Event<Order> cancelled{service, "cancelled"};

}  // namespace orders
