// A chunked body gives the same bytes and the same end at once and in pieces.
#include "wire/http1/body.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace tutti::wire::http1;

namespace {

std::string read(std::string_view data, std::size_t step) {
  const Limits limits{
      .header_count = 4, .body_bytes = 500, .trailer_bytes = 100, .chunk_line_bytes = 40, .chunk_extension_bytes = 60};
  BodyDecoder decoder(Framing::chunked, 0, limits);
  std::string out;
  std::string unread;
  std::size_t at = 0;
  for (;;) {
    const BodyStep s = decoder.next(unread);
    if (s.consumed > unread.size()) std::abort();
    switch (s.state) {
      case BodyStep::State::piece:
        if (s.piece.empty()) std::abort();
        out += s.piece;
        break;
      case BodyStep::State::trailer:
        out += "[" + std::string(s.name) + "=" + std::string(s.value) + "]";
        break;
      case BodyStep::State::refused:
        return "refused " + std::string(s.refusal.reason);
      case BodyStep::State::complete:
        return out + "|" + std::to_string(at - unread.size() + s.consumed);
      case BodyStep::State::need_more:
        if (at == data.size()) return out + "more";
        unread.erase(0, s.consumed);
        unread += data.substr(at, step);
        at = std::min(data.size(), at + step);
        continue;
    }
    unread.erase(0, s.consumed);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view data(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  if (read(data, data.size() + 1) != read(data, bytes[0] % 31 + 1u)) std::abort();
  return 0;
}
