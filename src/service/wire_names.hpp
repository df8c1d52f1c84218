// The names of types on the wire, "<service>.<Type>": two types of one process that share one are refused at start,
// because whoever reads a document or an error by that name would take one for the other.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include <tutti/detail/shape.hpp>

#include "service/composition.hpp"

namespace tutti::detail {

class WireNames {
 public:
  // What the composition serves and handles. Throws tutti::Error(failed_precondition) that names both places.
  void add(const Composition& composition);

 private:
  struct Known {
    const Shape* shape;
    std::string place;
  };
  void add(const MethodSpec& method);
  void add(std::string_view service, const Shape& shape, const std::string& place);

  std::map<std::string, Known> known_;
  std::set<std::pair<std::string_view, const Shape*>> seen_;  // of a service
};

}  // namespace tutti::detail
