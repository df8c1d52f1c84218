#include <gtest/gtest.h>

#include <payments/contract.hpp>
#include <tutti/testing.hpp>
#include <tutti/tutti.hpp>

namespace {

struct Order {
  std::string id;
};
struct Placed {
  std::string receipt;
};
inline constexpr tutti::Service service{"checkout", "1.0"};
inline constexpr tutti::Method<Placed(Order)> place{service, "place", tutti::post("/orders")};

void compose(tutti::App& app) {
  app.serve(place, [call = app.caller()](const Order& order) mutable {
    return Placed{call(payments::charge, {.order_id = order.id, .amount_minor = 100}).id};
  });
}

TEST(Checkout, calls_payments_by_the_headers_of_its_package) {
  tutti::testing::Bed bed{{service, compose}};
  bed.fake(payments::charge,
           [](const payments::Charge& charge) { return payments::Receipt{"fake " + charge.order_id}; });

  EXPECT_EQ(bed.call(place, {.id = "o17"}).receipt, "fake o17");
}

}  // namespace
