// loyalty as services in C++ see it. It is written in Python (loyalty.py), on the same names and bytes as Nameko's
// services.
#pragma once

#include <string>

#include <tutti/contract.hpp>

namespace loyalty {

// Points for a paid order: one for each whole euro.
struct Earned {
  std::string order;
  std::string customer;
  std::int64_t points = 0;
};

inline constexpr tutti::Service service{"loyalty", "1.0"};
inline constexpr tutti::Event<Earned> earned{service, "earned"};

}  // namespace loyalty
