// expect: tutti: an enumeration in a message may only have values from -16 to 255
#include <tutti/contract.hpp>

enum class Flags { none = 0, first = 1, big = 1024 };
struct Message {
  std::string id;
  Flags flags;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
