// expect: tutti: a field of a message may not be a union
#include <tutti/contract.hpp>

union Number {
  int whole;
  float real;
};
struct Message {
  std::string id;
  Number number;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
