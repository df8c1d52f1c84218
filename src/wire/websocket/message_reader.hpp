// Reads messages out of the bytes of a connection, however they are cut: joins fragments, hands out the control frames
// that come between them, checks UTF-8 as it arrives (so a text that cannot become valid is refused at once), inflates
// what is compressed. Between two messages it holds no memory.
//
//   for (;;) {
//     ReadStep step = reader.next(unread);
//     unread.remove_prefix(step.consumed);
//     ... message: use step.message; ping, pong, close: use step.control; need_more: read from the socket;
//         refused: close with step.code
//   }
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/websocket/compression.hpp"
#include "wire/websocket/frame.hpp"

namespace tutti::wire::websocket {

struct ReadLimits {
  std::uint64_t frame_bytes_max = 64 * 1024;    // of a frame's payload
  std::uint64_t message_bytes_max = 64 * 1024;  // of all its frames, and once more of what it inflates to
};

enum class Sender : std::uint8_t { client, server };  // a client masks each of its frames, a server none
enum class MessageKind : std::uint8_t { text, binary };

struct ReadStep {
  enum class State : std::uint8_t { need_more, message, ping, pong, close, refused } state = State::need_more;
  std::size_t consumed = 0;  // of the bytes handed in; also with need_more
  MessageKind kind = MessageKind::text;
  std::string message = {};       // a text is valid UTF-8
  std::string_view control = {};  // ping, pong: the payload; close: the reason; valid until the next call
  std::uint16_t code = 0;         // close: what the peer said, close_code::none if nothing; refused: what to close with
  std::string_view reason = {};   // refused: for people
};

class MessageReader {
 public:
  // `inflater`: permessage-deflate was agreed on; it may be shared with other readers and outlives this. Null: no RSV1.
  MessageReader(Sender sender, const ReadLimits& limits, Inflater* inflater) noexcept
      : inflater_(inflater), limits_(limits), sender_(sender) {}

  // After close and refused there is nothing more to be read.
  [[nodiscard]] ReadStep next(std::string_view data);

 private:
  enum class Stage : std::uint8_t { head, payload, ended };

  bool read_head(std::string_view data, ReadStep& step);
  bool check_first_bytes(ReadStep& step);
  void begin_frame(ReadStep& step);
  void read_payload(std::string_view data, ReadStep& step);
  void check_text(ReadStep& step);
  void end_frame(ReadStep& step);
  void end_message(ReadStep& step);
  void end_control(ReadStep& step);
  void refuse(ReadStep& step, std::uint16_t code, std::string_view reason);
  [[nodiscard]] bool is_control() const noexcept { return static_cast<unsigned>(opcode_) >= 8; }
  [[nodiscard]] std::size_t head_bytes() const noexcept;  // 2 until the second byte is there

  Inflater* inflater_;
  ReadLimits limits_;
  Sender sender_;
  Stage stage_ = Stage::head;
  // The frame.
  std::array<char, 14> head_;
  std::size_t head_size_ = 0;
  Opcode opcode_ = Opcode::continuation;
  MaskKey key_{};
  std::uint64_t position_ = 0;  // in its payload
  std::uint64_t length_ = 0;
  // The message; it goes on over several frames.
  bool in_message_ = false;
  bool compressed_ = false;
  MessageKind kind_ = MessageKind::text;
  std::string message_;
  std::size_t checked_ = 0;  // of an uncompressed text: whole characters
  std::array<char, control_bytes_max> control_;
};

}  // namespace tutti::wire::websocket
