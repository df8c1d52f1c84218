// expect: tutti: a message may not have a base class
#include <tutti/contract.hpp>

struct Base {
  int id = 0;
};
struct Message : Base {
  int count = 0;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
