// Frames (AMQP 0-9-1 section 2.3.5): all that travels once both sides have agreed on the protocol.
//   type (1 byte) | channel (2) | size of the payload (4) | payload | 0xCE
// Reading is a function over what has arrived; a frame is a view into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::wire::amqp {

enum class FrameType : std::uint8_t { method = 1, header = 2, body = 3, heartbeat = 8 };

inline constexpr std::size_t frame_head_bytes = 7;
inline constexpr std::size_t frame_overhead_bytes = 8;  // the head and the end
inline constexpr std::uint32_t frame_bytes_min = 4096;  // every side has to take frames of that size (frame-min-size)
inline constexpr char frame_end = static_cast<char>(0xCE);

struct Frame {
  FrameType type = FrameType::method;
  std::uint16_t channel = 0;
  std::string_view payload = {};
};

enum class ReadState : std::uint8_t { need_more, complete, refused };

struct FrameResult {
  ReadState state = ReadState::need_more;
  Frame frame = {};
  std::size_t bytes = 0;        // complete: what the frame took; need_more: what the whole of it takes, once known
  std::string_view fault = {};  // refused: a frame error (501), after which nothing can be read any more
};
// The frame at the beginning of `data`. `frame_max` counts all of its bytes, as in connection.tune. What is too long or
// of no known type is refused as soon as the head is there.
[[nodiscard]] FrameResult read_frame(std::string_view data, std::uint32_t frame_max) noexcept;

void append_heartbeat(std::string& out);

// Writes the head, and the size and the end once the payload was appended to `out`.
class FrameWriter {
 public:
  FrameWriter(std::string& out, FrameType type, std::uint16_t channel);
  void end();
  void drop() { out_.resize(begin_); }  // as if it had never been begun

 private:
  std::string& out_;
  std::size_t begin_;
};

// The first bytes of a connection (section 4.2.2): "AMQP" 0 0 9 1. Whoever gets another one answers with its own and
// closes.
inline constexpr std::string_view protocol_header{"AMQP\0\0\x09\x01", 8};
[[nodiscard]] ReadState read_protocol_header(std::string_view data) noexcept;

}  // namespace tutti::wire::amqp
