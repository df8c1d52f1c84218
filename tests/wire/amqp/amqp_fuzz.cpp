// Frames are found at the same places at once and in pieces; a method that is read is written and read again as the
// same; content is put together within its limit.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "wire/amqp/content.hpp"
#include "wire/amqp/method.hpp"

using namespace tutti::wire::amqp;

namespace {

constexpr std::uint32_t frame_max = 4096;
constexpr std::size_t body_bytes_max = 8192;

void require(bool fine) {
  if (!fine) std::abort();
}

void check_method(std::string_view payload) {
  const MethodResult result = parse_method(payload);
  if (!result.fault.empty()) return;
  std::string again;
  append_method(again, 1, result.method);
  const FrameResult frame = read_frame(again, UINT32_MAX);
  require(frame.state == ReadState::complete);
  const MethodResult second = parse_method(frame.frame.payload);
  require(second.fault.empty() && second.method == result.method);
  require(!to_text(result.method).empty());
}

void check_properties(std::string_view bytes) {
  const PropertiesResult result = parse_properties(bytes);
  if (!result.fault.empty()) return;
  std::string again;
  append_properties(again, result.properties);
  require(again == bytes);
  (void)to_text(result.properties.headers.value_or(Table{}));
}

struct Walk {
  std::size_t frames = 0;
  std::size_t bytes = 0;
  ReadState state = ReadState::need_more;
  std::string_view fault = {};
  friend bool operator==(const Walk&, const Walk&) = default;
};

Walk walk_at_once(std::string_view data) {
  Walk walk;
  ContentReader content(body_bytes_max);
  while (true) {
    const FrameResult result = read_frame(data.substr(walk.bytes), frame_max);
    walk.state = result.state;
    walk.fault = result.fault;
    if (result.state != ReadState::complete) return walk;
    ++walk.frames;
    walk.bytes += result.bytes;
    if (content.under_way()) {
      if (content.take(result.frame) == ReadState::complete) {
        require(content.body().size() <= body_bytes_max);
        check_properties(content.properties());
      }
    } else if (result.frame.type == FrameType::method) {
      check_method(result.frame.payload);
      const MethodResult method = parse_method(result.frame.payload);
      if (method.fault.empty() && key_of(method.method).content == Content::follows) content.begin();
    }
  }
}

Walk walk_in_pieces(std::string_view data, std::size_t step) {
  Walk walk;
  std::vector<char> window;  // its exact size, so that a read past its end is seen
  for (std::size_t arrived = 0;;) {
    arrived = std::min(data.size(), arrived + step);
    while (true) {
      window.assign(data.begin() + static_cast<std::ptrdiff_t>(walk.bytes),
                    data.begin() + static_cast<std::ptrdiff_t>(arrived));
      const FrameResult result = read_frame({window.data(), window.size()}, frame_max);
      walk.state = result.state;
      walk.fault = result.fault;
      if (result.state != ReadState::complete) break;
      ++walk.frames;
      walk.bytes += result.bytes;
    }
    if (walk.state == ReadState::refused || arrived == data.size()) return walk;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = bytes[0] % 31 + 1u;
  const std::string_view data(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  check_method(data);
  check_properties(data);
  (void)read_protocol_header(data);
  require(walk_at_once(data) == walk_in_pieces(data, step));
  return 0;
}
