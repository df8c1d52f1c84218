// Any bytes as MessagePack: no crash, the cursor skips what the reader takes, and what is accepted survives.
#include <cstdlib>

#include "message/equal.hpp"
#include "message/everything.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using everything::Everything;
  const auto& shape = tutti::detail::shape_of<Everything>();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  tutti::message::MsgpackCursor cursor(bytes);
  const bool skipped = cursor.skip();
  Everything value{};
  if (!tutti::message::read_msgpack(shape, &value, bytes).empty()) return 0;
  if (!skipped || !cursor.done()) std::abort();

  std::string written;
  if (!tutti::message::write_msgpack(shape, &value, written).empty()) std::abort();
  Everything again{};
  if (!tutti::message::read_msgpack(shape, &again, written).empty()) std::abort();
  if (!tutti::message::same(shape, &value, &again)) std::abort();
  return 0;
}
