// expect: tutti: write the errors of a method as tutti::Throws<Declined>
#include <tutti/contract.hpp>

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
inline constexpr tutti::Method<Receipt(Charge), Declined> charge{service, "charge"};
