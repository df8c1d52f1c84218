// expect: tutti: this number type has no counterpart on the wire
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  long double value;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
