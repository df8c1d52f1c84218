// expect: tutti: a message may not have bit-fields
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  unsigned flag : 1;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
