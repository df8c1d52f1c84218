// expect: tutti: every field of a message needs a default: no reference
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  int& count;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
