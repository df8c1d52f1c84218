// expect: tutti: a field of a message may not be a pointer
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  int* count = nullptr;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
