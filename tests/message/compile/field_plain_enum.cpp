// expect: tutti: an enumeration in a message must be an enum class
#include <tutti/contract.hpp>

enum Color { red, green };
struct Message {
  std::string id;
  Color color;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
