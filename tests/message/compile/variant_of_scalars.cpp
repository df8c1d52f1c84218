// expect: tutti: a variant in a message must be of plain structs
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  std::variant<int, std::string> value;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
