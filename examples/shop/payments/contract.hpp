// payments takes money for orders, and gives it back. This header is all that another service includes to use it.
#pragma once

#include <tutti/contract.hpp>

namespace payments {

struct Charge {
  tutti::Text<1, 64> order_id;
  tutti::Range<std::int64_t, 1, 100'000'000> amount_minor;
  tutti::Pattern<"[0-9]{12,19}"> card;
};
struct Receipt {
  std::string id;
  std::string order_id;
  std::int64_t amount_minor = 0;
  tutti::Time at;
  bool refunded = false;
};
struct Refund {
  tutti::Text<1, 64> order_id;
};
struct Declined {
  static constexpr auto code = tutti::Code::failed_precondition;
  std::string reason;
};
struct NotCharged {
  static constexpr auto code = tutti::Code::not_found;
  std::string order_id;
};

constexpr auto describe(tutti::Of<Charge>) {
  return tutti::about("Take money for an order, once.", tutti::field(&Charge::order_id, "The order's id", "o17"),
                      tutti::field(&Charge::amount_minor, "In cents", "1999"),
                      tutti::field(&Charge::card, "Digits only", "4242424242424242"));
}

inline constexpr tutti::Service service{"payments", "1.0"};
inline constexpr tutti::Method<Receipt(Charge), tutti::Throws<Declined>> charge{
    service, "charge", tutti::post("/charges", 201),
    {.repeat = tutti::Repeat::by_key, .deadline = std::chrono::seconds(2)}};
inline constexpr tutti::Method<Receipt(Refund), tutti::Throws<NotCharged>> refund{service, "refund",
                                                                                 tutti::post("/refunds")};
inline constexpr tutti::Event<Receipt> charged{service, "charged"};

}  // namespace payments
