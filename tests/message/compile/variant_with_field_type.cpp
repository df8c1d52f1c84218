// expect: tutti: a struct in a variant may not have a field "type"
#include <tutti/contract.hpp>

struct Circle {
  std::string type;
};
struct Message {
  std::string id;
  std::variant<Circle> shape;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
