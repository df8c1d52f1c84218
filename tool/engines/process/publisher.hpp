// Tells others about the instances: callers by the watched file of endpoints where they are, `tutti ps` by the record
// in the data folder how they are.
#pragma once

#include <span>
#include <string>

#include "engines/process/instance.hpp"
#include "engines/process/printer.hpp"

namespace tutti::engines {

class Publisher {
 public:
  // Both outlive this.
  Publisher(const RunPlaces& places, Printer& printer) : places_(places), printer_(printer) {}

  // What cannot be written is reported once, and so is that it can be written again.
  void publish(std::span<const Instance> instances);

 private:
  const RunPlaces& places_;
  Printer& printer_;
  std::string last_problem_ = {};
};

}  // namespace tutti::engines
