// expect: tutti: a field of a message may not be a pointer
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  std::vector<std::optional<const char*>> names;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
