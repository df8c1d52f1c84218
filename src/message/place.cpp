// See place.hpp.
#include "message/place.hpp"

#include "message/report.hpp"

namespace tutti::message {

std::string path_of(const Place& place) {
  std::string path = place.parent != nullptr ? path_of(*place.parent) : std::string();
  switch (place.step) {
    case Step::root:
      path += place.name;
      break;
    case Step::field:
      if (!path.empty()) path += '.';
      path += clipped(place.name);
      break;
    case Step::item:
      path += '[' + std::to_string(place.index) + ']';
      break;
    case Step::key:
      path += "[" + quoted(place.name) + "]";
      break;
  }
  return path;
}

std::string joined_path(const std::string& outer, const std::string& inner) {
  if (outer.empty() || inner.empty() || inner.front() == '[') return outer + inner;
  return outer + '.' + inner;
}

}  // namespace tutti::message
