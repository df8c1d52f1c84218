// receipts as services in C++ see it. It is written in JavaScript (receipts.js) and called over the broker.
#pragma once

#include <string>

#include <tutti/contract.hpp>

namespace receipts {

struct Wanted {
  tutti::Text<1, 64> order;
};
struct Receipt {
  std::string text;
};
struct NoReceipt {
  static constexpr auto code = tutti::Code::not_found;
  std::string reason;
};

inline constexpr tutti::Service service{"receipts", "1.0"};
inline constexpr tutti::Method<Receipt(Wanted), tutti::Throws<NoReceipt>> get{
    service, "get", {}, {.repeat = tutti::Repeat::safe, .deadline = std::chrono::seconds(8)}};

}  // namespace receipts
