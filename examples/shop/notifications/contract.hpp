// notifications tells browsers at once what becomes of an order. It keeps nothing: what it tells is orders' word.
#pragma once

#include <string>
#include <variant>

#include <tutti/contract.hpp>

#include "loyalty/contract.hpp"
#include "orders/contract.hpp"

namespace notifications {

// From now on I want to know about this order; the first answer is how it stands.
struct Watch {
  tutti::Text<1, 64> order;
};
struct Unwatch {
  tutti::Text<1, 64> order;
};

// Told at least once for each change; of two the one with the higher revision is later.
struct Status {
  std::string order;
  orders::State state = orders::State::placed;
  std::string reason = "";
  std::int64_t revision = 1;
};
struct Points {
  std::string order;
  std::int64_t points = 0;  // that the order earned
};
struct Unknown {
  std::string order;
};

using FromBrowser = std::variant<Watch, Unwatch>;
using ToBrowser = std::variant<Status, Points, Unknown>;

inline constexpr tutti::Service service{"notifications", "1.0"};
inline constexpr tutti::Channel<FromBrowser, ToBrowser> live{service, "live", "/live"};

}  // namespace notifications
