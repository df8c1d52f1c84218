#include "wire/websocket/message_reader.hpp"

#include <algorithm>
#include <utility>

#include "message/utf8.hpp"

namespace tutti::wire::websocket {
namespace {

constexpr unsigned last_bit = 0x80, rsv1_bit = 0x40, other_rsv_bits = 0x30, mask_bit = 0x80;

constexpr unsigned byte_of(char c) noexcept { return static_cast<unsigned char>(c); }

bool is_reserved(unsigned opcode) noexcept { return (opcode & 7) > 2; }

}  // namespace

void MessageReader::refuse(ReadStep& step, std::uint16_t code, std::string_view reason) {
  stage_ = Stage::ended;
  std::string().swap(message_);
  step.state = ReadStep::State::refused;
  step.code = code;
  step.reason = reason;
}

ReadStep MessageReader::next(std::string_view data) {
  ReadStep step;
  while (step.state == ReadStep::State::need_more && stage_ != Stage::ended) {
    const std::string_view rest = data.substr(step.consumed);
    if (stage_ == Stage::head) {
      if (!read_head(rest, step)) break;
    } else {
      if (rest.empty() && position_ < length_) break;
      read_payload(rest, step);
    }
  }
  return step;
}

std::size_t MessageReader::head_bytes() const noexcept {
  if (head_size_ < 2) return 2;
  const unsigned length = byte_of(head_[1]) & ~mask_bit;
  return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + (sender_ == Sender::client ? sizeof(MaskKey) : 0);
}

// One byte after the other, so that a head is judged the same however it is cut. False: more bytes are needed, or the
// frame is refused.
bool MessageReader::read_head(std::string_view data, ReadStep& step) {
  for (const char c : data) {
    head_[head_size_++] = c;
    ++step.consumed;
    if (head_size_ <= 2 && !check_first_bytes(step)) return false;
    if (head_size_ < 2 || head_size_ < head_bytes()) continue;
    begin_frame(step);
    return stage_ == Stage::payload;
  }
  return false;
}

bool MessageReader::check_first_bytes(ReadStep& step) {
  const unsigned byte = byte_of(head_[head_size_ - 1]);
  const auto wrong = [&](std::string_view reason) {
    refuse(step, close_code::protocol_error, reason);
    return false;
  };
  if (head_size_ == 1) {
    opcode_ = static_cast<Opcode>(byte & 0x0f);
    if ((byte & other_rsv_bits) != 0) return wrong("a reserved bit is set");
    if (is_reserved(byte & 0x0f)) return wrong("the opcode is reserved");
    const bool starts = opcode_ == Opcode::text || opcode_ == Opcode::binary;
    if ((byte & rsv1_bit) != 0 && !(starts && inflater_ != nullptr))
      return wrong("RSV1 is set where no extension says what it means");
    if (is_control() && (byte & last_bit) == 0) return wrong("a control frame is fragmented");
    if (opcode_ == Opcode::continuation && !in_message_) return wrong("a fragment continues no message");
    if (starts && in_message_) return wrong("a message begins inside of another one");
    return true;
  }
  if ((byte & mask_bit) == 0 && sender_ == Sender::client) return wrong("a client's frame is not masked");
  if ((byte & mask_bit) != 0 && sender_ == Sender::server) return wrong("a server's frame is masked");
  if (is_control() && (byte & ~mask_bit) > control_bytes_max) return wrong("a control frame is longer than 125 bytes");
  return true;
}

void MessageReader::begin_frame(ReadStep& step) {
  const unsigned short_length = byte_of(head_[1]) & ~mask_bit;
  const std::size_t length_end = head_size_ - (sender_ == Sender::client ? sizeof(MaskKey) : 0);
  length_ = short_length < 126 ? short_length : 0;
  for (std::size_t i = 2; i < length_end; ++i) length_ = length_ << 8 | byte_of(head_[i]);
  for (std::size_t i = 0; length_end + i < head_size_; ++i) key_[i] = static_cast<std::uint8_t>(head_[length_end + i]);
  // Section 5.2: the minimal number of bytes, and the most significant bit is 0.
  if ((short_length == 126 && length_ < 126) || (short_length == 127 && (length_ <= 0xffff || length_ >> 63 != 0))) {
    return refuse(step, close_code::protocol_error, "a frame's length is not written as it must be");
  }
  if (!is_control()) {
    if (length_ > limits_.frame_bytes_max) return refuse(step, close_code::too_big, "a frame is too long");
    if (length_ > limits_.message_bytes_max - std::min<std::uint64_t>(message_.size(), limits_.message_bytes_max)) {
      return refuse(step, close_code::too_big, "a message is too long");
    }
    if (opcode_ != Opcode::continuation) {
      in_message_ = true;
      compressed_ = (byte_of(head_[0]) & rsv1_bit) != 0;
      kind_ = opcode_ == Opcode::text ? MessageKind::text : MessageKind::binary;
      checked_ = 0;
    }
  }
  position_ = 0;
  stage_ = Stage::payload;
}

void MessageReader::read_payload(std::string_view data, ReadStep& step) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), length_ - position_));
  char* to = control_.data() + position_;
  if (!is_control()) {
    const std::size_t before = message_.size();
    message_.resize(before + size);
    to = message_.data() + before;
  }
  if (sender_ == Sender::client) {
    apply_mask(to, data.data(), size, key_, position_);
  } else {
    std::copy_n(data.data(), size, to);
  }
  position_ += size;
  step.consumed += size;
  if (!is_control() && kind_ == MessageKind::text && !compressed_) check_text(step);
  if (stage_ == Stage::payload && position_ == length_) end_frame(step);
}

void MessageReader::check_text(ReadStep& step) {
  const auto whole = message::utf8_prefix(std::string_view(message_).substr(checked_));
  if (!whole) return refuse(step, close_code::invalid_data, "a text is not UTF-8");
  checked_ += *whole;
}

void MessageReader::end_frame(ReadStep& step) {
  stage_ = Stage::head;
  const bool last = (byte_of(head_[0]) & last_bit) != 0;
  head_size_ = 0;
  if (is_control()) return end_control(step);
  if (last) end_message(step);
}

void MessageReader::end_message(ReadStep& step) {
  in_message_ = false;
  step.kind = kind_;
  step.message = std::exchange(message_, {});
  if (compressed_) {
    const std::string compressed = std::exchange(step.message, {});
    switch (inflater_->inflate(compressed, limits_.message_bytes_max, step.message)) {
      case Inflater::Result::done:
        break;
      case Inflater::Result::too_long:
        return refuse(step, close_code::too_big, "a message is too long once it is inflated");
      case Inflater::Result::malformed:
        return refuse(step, close_code::invalid_data, "a compressed message cannot be inflated");
    }
    if (kind_ == MessageKind::text && !message::utf8_valid(step.message)) {
      return refuse(step, close_code::invalid_data, "a text is not UTF-8");
    }
  } else if (kind_ == MessageKind::text && checked_ != step.message.size()) {
    return refuse(step, close_code::invalid_data, "a text ends in the middle of a character");
  }
  step.state = ReadStep::State::message;
}

void MessageReader::end_control(ReadStep& step) {
  step.control = {control_.data(), static_cast<std::size_t>(length_)};
  if (opcode_ != Opcode::close) {
    step.state = opcode_ == Opcode::ping ? ReadStep::State::ping : ReadStep::State::pong;
    return;
  }
  step.code = close_code::none;
  if (!step.control.empty()) {
    if (step.control.size() < 2) return refuse(step, close_code::protocol_error, "a close frame has half a code");
    step.code = static_cast<std::uint16_t>(byte_of(step.control[0]) << 8 | byte_of(step.control[1]));
    step.control.remove_prefix(2);
    if (!may_be_sent(step.code))
      return refuse(step, close_code::protocol_error, "a close frame has a code that may not be sent");
    if (!message::utf8_valid(step.control))
      return refuse(step, close_code::invalid_data, "a close frame's reason is not UTF-8");
  }
  stage_ = Stage::ended;
  step.state = ReadStep::State::close;
}

}  // namespace tutti::wire::websocket
