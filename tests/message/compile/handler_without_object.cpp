// expect: tutti: this handler is a member: pass its object too
#include <tutti/detail/handler.hpp>

struct Charge {
  std::string order;
  std::vector<int> amounts = {};
};
struct Receipt {
  std::string id;
};
struct Declined {
  std::string reason;
};
inline constexpr tutti::Service service{"payments", "1.0"};
using Charging = tutti::Method<Receipt(Charge)>;
struct Payments {
  Receipt charge(const Charge&) { return {}; }
};
const auto handler = tutti::detail::handler_of<Charging>(&Payments::charge);
