// The service behind catalog/contract.hpp. The first migration brings the goods along.
#pragma once

#include <tutti/tutti.hpp>

#include "catalog/contract.hpp"

namespace catalog {

class Catalog {
 public:
  explicit Catalog(tutti::Database& products) : products_(products) {}

  Product get(const Get& request);
  Found find(const Find& request);
  Product set_image(const SetImage& request);

 private:
  tutti::Database& products_;
};

void compose(tutti::App& app);

}  // namespace catalog
