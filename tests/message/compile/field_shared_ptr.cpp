// expect: tutti: a field of a message may not be a smart pointer
#include <memory>

#include <tutti/contract.hpp>

struct Message {
  std::string id;
  std::shared_ptr<int> count;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
