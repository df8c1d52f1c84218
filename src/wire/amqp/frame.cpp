#include "wire/amqp/frame.hpp"

#include "wire/amqp/primitives.hpp"

namespace tutti::wire::amqp {
namespace {

bool known(std::uint8_t type) noexcept {
  switch (static_cast<FrameType>(type)) {
    case FrameType::method:
    case FrameType::header:
    case FrameType::body:
    case FrameType::heartbeat:
      return true;
  }
  return false;
}

FrameResult refused(std::string_view fault) noexcept { return {.state = ReadState::refused, .fault = fault}; }

}  // namespace

FrameResult read_frame(std::string_view data, std::uint32_t frame_max) noexcept {
  if (!data.empty() && !known(load<std::uint8_t>(data.data()))) return refused("a frame's type is not 1, 2, 3 or 8");
  if (data.size() < frame_head_bytes) return {};
  const std::uint64_t size = std::uint64_t{load<std::uint32_t>(data.data() + 3)} + frame_overhead_bytes;
  if (size > frame_max) return refused("a frame is longer than frame_max");
  FrameResult result{.bytes = static_cast<std::size_t>(size)};
  if (data.size() < result.bytes) return result;
  if (data[result.bytes - 1] != frame_end) return refused("a frame does not end with 0xCE");
  result.state = ReadState::complete;
  result.frame = {.type = static_cast<FrameType>(data[0]),
                  .channel = load<std::uint16_t>(data.data() + 1),
                  .payload = data.substr(frame_head_bytes, result.bytes - frame_overhead_bytes)};
  return result;
}

void append_heartbeat(std::string& out) { FrameWriter(out, FrameType::heartbeat, 0).end(); }

FrameWriter::FrameWriter(std::string& out, FrameType type, std::uint16_t channel) : out_(out), begin_(out.size()) {
  char head[frame_head_bytes] = {static_cast<char>(type)};
  store(head + 1, channel);
  out_.append(head, sizeof(head));
}

void FrameWriter::end() {
  const std::size_t payload = out_.size() - begin_ - frame_head_bytes;
  store(out_.data() + begin_ + 3, static_cast<std::uint32_t>(payload));
  out_ += frame_end;
}

ReadState read_protocol_header(std::string_view data) noexcept {
  const std::string_view arrived = data.substr(0, protocol_header.size());
  if (arrived != protocol_header.substr(0, arrived.size())) return ReadState::refused;
  return arrived.size() == protocol_header.size() ? ReadState::complete : ReadState::need_more;
}

}  // namespace tutti::wire::amqp
