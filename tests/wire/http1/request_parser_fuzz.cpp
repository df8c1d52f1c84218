// A request head gives the same answer at once and in pieces (the first byte says how large), and its views stay
// inside.
#include "wire/http1/request_parser.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace tutti::wire::http1;

namespace {

void inside(std::string_view view, std::string_view data) {
  if (view.empty()) return;
  if (view.data() < data.data() || view.data() + view.size() > data.data() + data.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = bytes[0] % 61 + 1u;
  const std::string_view data(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const Limits limits{.start_line_bytes = 256, .header_count = 20, .header_bytes = 1024, .body_bytes = 1000};
  RequestParser once(limits);
  const auto state = once.parse(data);

  RequestParser pieces(limits);
  auto piecewise = RequestParser::State::need_more;
  std::string buffer;
  for (std::size_t at = 0; piecewise == RequestParser::State::need_more;) {
    at = std::min(data.size(), at + step);
    buffer = std::string(data.substr(0, at));
    piecewise = pieces.parse(buffer);
    if (at == data.size()) break;
  }
  if (state != piecewise) std::abort();
  if (state == RequestParser::State::refused && once.refusal().reason != pieces.refusal().reason) std::abort();
  if (state != RequestParser::State::complete) return 0;
  const RequestHead& head = once.head();
  if (head.bytes != pieces.head().bytes || head.path != pieces.head().path || head.bytes > data.size()) std::abort();
  for (std::string_view view : {head.target, head.path, head.query, head.host, head.upgrade}) inside(view, data);
  for (const Field& field : head.fields.list()) {
    inside(field.name, data);
    inside(field.value, data);
  }
  return 0;
}
