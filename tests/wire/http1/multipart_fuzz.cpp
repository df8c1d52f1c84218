// A form gives the same parts at once and in pieces.
#include "wire/http1/multipart.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace tutti::wire::http1;

namespace {

std::string read(std::string_view data, std::size_t step) {
  using Kind = MultipartEvent::Kind;
  MultipartParser parser("b", {.parts = 5, .header_bytes = 200, .header_count = 4});
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const MultipartEvent event = parser.next();
    switch (event.kind) {
      case Kind::need_more:
        if (at == data.size()) return out;
        parser.feed(data.substr(at, step));
        at = std::min(data.size(), at + step);
        break;
      case Kind::part:
        out += "<" + parser.part().name + parser.part().filename.value_or("-") + ">";
        break;
      case Kind::data:
        if (event.data.empty()) std::abort();
        out += event.data;
        break;
      case Kind::part_end:
        out += "</>";
        break;
      case Kind::end:
        return out + "end";
      case Kind::refused:
        return out + std::string(event.refusal.reason);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view data(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::string once = read(data, data.size() + 1);
  const std::string pieces = read(data, bytes[0] % 31 + 1u);
  // How much of a body that has no end yet may be told depends on the pieces; whole forms and refusals do not.
  const std::size_t shorter = std::min(once.size(), pieces.size());
  if (once.compare(0, shorter, pieces, 0, shorter) != 0) std::abort();
  return 0;
}
