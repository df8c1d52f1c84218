// expect: tutti: a variant in a message must be of plain structs with different names
#include <tutti/contract.hpp>

namespace a {
struct Circle {
  double radius = 0;
};
}  // namespace a
namespace b {
struct Circle {
  double radius = 0;
};
}  // namespace b
struct Message {
  std::string id;
  std::variant<a::Circle, b::Circle> shape;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
