// expect: tutti: a point in time in a message must be tutti::Time
#include <tutti/contract.hpp>

struct Message {
  std::string id;
  std::chrono::system_clock::time_point at;
};
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
