// expect: tutti: every field of a message needs a default that = {} can make
#include <tutti/contract.hpp>

struct Money {
  explicit Money() = default;
  Money(int) {}
};
struct Message {
  std::string id;
  Money money;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
