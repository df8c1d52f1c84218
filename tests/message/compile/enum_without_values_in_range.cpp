// expect: tutti: an enumeration in a message needs values from -16 to 255
#include <tutti/contract.hpp>

enum class Far { away = 5003 };
struct Message {
  std::string id;
  Far far;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
