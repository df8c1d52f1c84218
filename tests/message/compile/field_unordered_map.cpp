// expect: tutti: a map in a message must be std::map<std::string, T>
#include <unordered_map>

#include <tutti/contract.hpp>

struct Message {
  std::string id;
  std::unordered_map<std::string, int> counts;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
