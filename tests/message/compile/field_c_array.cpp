// expect: tutti: a field of a message may not be a C array
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  int counts[3] = {};
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
