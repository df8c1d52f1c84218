// The message of the echo benchmarks, the same for the raw server and the service: 56 bytes and 1 KB as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tutti/contract.hpp>

namespace bench {

struct Line {
  std::string sku;
  std::int64_t quantity = 0;
  double price = 0;
};
struct Message {
  std::int64_t id = 0;
  std::string name = "-";
  bool paid = false;
  std::vector<Line> lines = {};
};

}  // namespace bench
