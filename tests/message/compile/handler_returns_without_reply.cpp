// expect: tutti: this handler returns a value, but its method has no reply
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
using Charging = tutti::Method<void(Charge)>;
const auto handler = tutti::detail::handler_of<Charging>([](const Charge&) { return Receipt{}; });
