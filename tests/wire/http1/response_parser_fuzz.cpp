// A response head gives the same answer at once and in pieces; its body is read to an end without running past the
// bytes.
#include "wire/http1/response_parser.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "wire/http1/body.hpp"

using namespace tutti::wire::http1;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = bytes[0] % 61 + 1u;
  const Method method = bytes[0] >= 128 ? Method::head : Method::get;
  const std::string_view data(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const Limits limits{.start_line_bytes = 256, .header_count = 20, .header_bytes = 1024, .body_bytes = 1000};
  ResponseParser once(limits);
  once.expect(method);
  const auto state = once.parse(data);

  ResponseParser pieces(limits);
  pieces.expect(method);
  auto piecewise = ResponseParser::State::need_more;
  std::string buffer;
  for (std::size_t at = 0; piecewise == ResponseParser::State::need_more;) {
    at = std::min(data.size(), at + step);
    buffer = std::string(data.substr(0, at));
    piecewise = pieces.parse(buffer);
    if (at == data.size()) break;
  }
  if (state != piecewise || once.refusal().reason != pieces.refusal().reason) std::abort();
  if (state != ResponseParser::State::complete) return 0;
  if (once.head().bytes != pieces.head().bytes || once.head().status != pieces.head().status) std::abort();

  BodyDecoder body(once.head().framing, once.head().content_length, limits);
  std::string_view rest = data.substr(once.head().bytes);
  for (;;) {
    const BodyStep decoded = body.next(rest);
    if (decoded.consumed > rest.size()) std::abort();
    rest.remove_prefix(decoded.consumed);
    if (decoded.state != BodyStep::State::piece && decoded.state != BodyStep::State::trailer) break;
  }
  return 0;
}
