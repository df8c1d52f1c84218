// expect: tutti: messages and their parts must be plain structs
#include <tutti/contract.hpp>

class Money {
 public:
  Money() = default;
  explicit Money(int cents) : cents_(cents) {}
  int cents() const { return cents_; }

 private:
  int cents_ = 0;
};
struct Message {
  std::string id;
  Money money;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
