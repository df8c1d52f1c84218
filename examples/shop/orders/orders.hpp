// The service behind orders/contract.hpp. The order of steps is what matters here: store, then charge by a key that
// was stored, then mark. Whatever breaks in between, the stored order says what is left to do, and doing it again
// charges nobody twice.
#pragma once

#include <tutti/tutti.hpp>

#include "orders/contract.hpp"

namespace orders {

struct Settings {
  std::chrono::seconds settle_after{10};  // an order this old and still placed was left behind
  int failures_max = 5;  // of payments at one order; then its payment is unclear and its card is forgotten
};

class Orders {
 public:
  Orders(const Settings& settings, tutti::Database& db, tutti::Caller call, tutti::Random& random, tutti::Clock& clock,
         const tutti::Logger& log)
      : settings_(settings), db_(db), call_(call), random_(random), clock_(clock), log_(log) {}

  Order place(const Place& request, const tutti::Context& context);
  Order pay(const Pay& request);
  Order get(const Get& request);
  Order cancel(const Cancel& request);
  void settle();

 private:
  std::int64_t total_of(const Place& request);
  Order charge(const std::string& id);
  Order attempt(const std::string& id);
  Order give_up(const std::string& id, int attempt);
  Order mark(const std::string& id, int attempt, State state, const std::string& reason);

  const Settings& settings_;
  tutti::Database& db_;
  tutti::Caller call_;
  tutti::Random& random_;
  tutti::Clock& clock_;
  const tutti::Logger& log_;
};

void compose(tutti::App& app);

}  // namespace orders
