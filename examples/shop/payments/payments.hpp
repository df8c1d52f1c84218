// The service behind payments/contract.hpp: a ledger of receipts, one for each order that was charged.
#pragma once

#include <tutti/tutti.hpp>

#include "orders/contract.hpp"
#include "payments/contract.hpp"

namespace payments {

struct Settings {
  std::int64_t limit_minor = 50'000;  // a charge above it is declined
  std::string declined_ending = "0002";  // so is a card that ends like this
};

class Payments {
 public:
  Payments(const Settings& settings, tutti::Database& ledger, tutti::Random& random, tutti::Clock& clock)
      : settings_(settings), ledger_(ledger), random_(random), clock_(clock) {}

  Receipt charge(const Charge& request, const tutti::Context& context);
  Receipt refund(const Refund& request);
  // Gives back what was taken for the order, and takes nothing more. A second time changes nothing.
  void on_cancelled(const orders::Order& order);

 private:
  const Settings& settings_;
  tutti::Database& ledger_;
  tutti::Random& random_;
  tutti::Clock& clock_;
};

void compose(tutti::App& app);

}  // namespace payments
