// Any text as each kind of scalar and as a list: read or refused, and what is read is written as a text that says the
// same.
#include "message/text_value.hpp"

#include <cstdlib>

#include "message/equal.hpp"
#include "message/everything.hpp"

namespace {

template <class T>
void round_trip(std::string_view text) {
  const auto& shape = tutti::detail::shape_of<T>();
  T value{};
  tutti::Violations violations;
  tutti::message::read_text(shape, &value, text, {}, violations);
  if (!violations.empty()) return;
  std::string written;
  tutti::message::write_text(shape, &value, written);
  T again{};
  tutti::message::read_text(shape, &again, written, {}, violations);
  if (!violations.empty() || !tutti::message::same(shape, &value, &again)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  round_trip<bool>(text);
  round_trip<std::int8_t>(text);
  round_trip<std::uint64_t>(text);
  round_trip<float>(text);
  round_trip<double>(text);
  round_trip<std::string>(text);
  round_trip<tutti::Bytes>(text);
  round_trip<tutti::Time>(text);
  round_trip<std::chrono::nanoseconds>(text);
  round_trip<std::chrono::milliseconds>(text);
  round_trip<everything::Currency>(text);
  round_trip<std::vector<std::string>>(text);
  round_trip<std::vector<std::int64_t>>(text);
  return 0;
}
