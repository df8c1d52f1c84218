// expect: tutti: a field of a message may not be const
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  const int count = 3;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
