// Any bytes as JSON: no crash, and what is accepted is written in a form that is accepted again and says the same.
#include <cstdlib>

#include "message/equal.hpp"
#include "message/everything.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using everything::Everything;
  const auto& shape = tutti::detail::shape_of<Everything>();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Everything value{};
  if (!tutti::message::read_json(shape, &value, text).empty()) return 0;
  if (!tutti::message::check_json(text).empty()) std::abort();

  std::string written;
  if (!tutti::message::write_json(shape, &value, written).empty()) std::abort();
  Everything again{};
  if (!tutti::message::read_json(shape, &again, written).empty()) std::abort();
  if (!tutti::message::same(shape, &value, &again)) std::abort();
  return 0;
}
