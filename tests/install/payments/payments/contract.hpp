// What callers of payments include.
#pragma once

#include <cstdint>
#include <string>

#include <tutti/contract.hpp>

namespace payments {

struct Charge {
  std::string order_id;
  std::int64_t amount_minor;
};
struct Receipt {
  std::string id;
};
inline constexpr tutti::Service service{"payments", "1.2"};
inline constexpr tutti::Method<Receipt(Charge)> charge{service, "charge", tutti::post("/charges", 201)};

}  // namespace payments
