// expect: tutti: this standard type cannot be a field of a message
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  std::pair<int, int> range;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
