// expect: tutti: two fields of this message have the same name on the wire
#include <tutti/contract.hpp>

struct Message {
  int id = 0;
  int number = 0;
};
constexpr auto describe(tutti::Of<Message>) { return tutti::about("", tutti::field(&Message::number).named("id")); }
const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
