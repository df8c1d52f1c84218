// expect: tutti: a field of a message may not be a string_view
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  std::string_view name;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
