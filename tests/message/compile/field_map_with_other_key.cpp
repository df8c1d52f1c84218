// expect: tutti: a map in a message must be std::map<std::string, T>
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  std::map<int, int> counts;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
