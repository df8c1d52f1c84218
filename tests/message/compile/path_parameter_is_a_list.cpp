// expect-note: path_parameter_must_be_a_number_a_text_an_enum_or_a_time
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
inline constexpr tutti::Method<Receipt(Charge)> charge{service, "charge", tutti::post("/charges/{amounts}")};
