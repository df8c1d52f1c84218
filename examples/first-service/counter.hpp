// The service behind contract.hpp.
#pragma once
#include <tutti/tutti.hpp>
#include "contract.hpp"
namespace counter {
struct Settings {
  std::int64_t limit = 1000;
};
class Counter {
 public:
  explicit Counter(const Settings& settings) : settings_(settings) {}

  Count add(const Add& request) {
    auto& value = values_[request.name];
    if (value + request.by > settings_.limit) throw TooHigh{settings_.limit};
    return {.name = request.name, .value = value += request.by};
  }

 private:
  const Settings& settings_;
  std::map<std::string, std::int64_t> values_;
};

inline void compose(tutti::App& app) {
  auto& counter = app.make<Counter>(app.settings<Settings>());
  app.serve(add, counter, &Counter::add);
}
}  // namespace counter
