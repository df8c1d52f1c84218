// expect: tutti: a field of a message may not be a character
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  char letter;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
