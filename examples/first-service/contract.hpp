// counter adds up numbers under names.
#pragma once
#include <tutti/contract.hpp>
namespace counter {
struct Add {
  tutti::Text<1, 64> name;
  tutti::Range<int, 1, 1000> by = 1;
};
struct Count {
  std::string name;
  std::int64_t value = 0;
};
struct TooHigh {
  static constexpr auto code = tutti::Code::failed_precondition;
  std::int64_t limit = 0;
};
inline constexpr tutti::Service service{"counter", "1.0"};
inline constexpr tutti::Method<Count(Add), tutti::Throws<TooHigh>> add{service, "add", tutti::post("/counts/{name}")};
}  // namespace counter
