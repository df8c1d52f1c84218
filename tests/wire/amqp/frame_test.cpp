#include "wire/amqp/frame.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tutti::wire::amqp {
namespace {

std::string body_frame(std::string_view payload, std::uint16_t channel = 7) {
  std::string out;
  FrameWriter frame(out, FrameType::body, channel);
  out += payload;
  frame.end();
  return out;
}

TEST(Frame, the_bytes_are_those_of_the_specification) {
  std::string heartbeat;
  append_heartbeat(heartbeat);

  EXPECT_EQ(body_frame("hi"), std::string("\x03\0\x07\0\0\0\x02hi\xCE", 10));
  EXPECT_EQ(heartbeat, std::string("\x08\0\0\0\0\0\0\xCE", 8));
}

TEST(Frame, is_read_back_with_what_follows_left_alone) {
  const std::string data = body_frame("hello") + "more";

  const FrameResult result = read_frame(data, frame_bytes_min);

  ASSERT_EQ(result.state, ReadState::complete);
  EXPECT_EQ(result.frame.type, FrameType::body);
  EXPECT_EQ(result.frame.channel, 7);
  EXPECT_EQ(result.frame.payload, "hello");
  EXPECT_EQ(result.bytes, data.size() - 4);
}

TEST(Frame, every_cut_needs_more) {
  const std::string whole = body_frame("hello");

  for (std::size_t size = 0; size < whole.size(); ++size) {
    const FrameResult result = read_frame(std::string(whole.data(), size), frame_bytes_min);
    EXPECT_EQ(result.state, ReadState::need_more) << size;
    EXPECT_EQ(result.bytes, size < frame_head_bytes ? 0 : whole.size()) << size;
  }
}

TEST(Frame, a_length_over_the_limit_is_refused_with_the_head) {
  const std::string at_limit = body_frame(std::string(frame_bytes_min - frame_overhead_bytes, 'x'));
  const std::string over = body_frame(std::string(frame_bytes_min - frame_overhead_bytes + 1, 'x'));

  EXPECT_EQ(read_frame(at_limit, frame_bytes_min).state, ReadState::complete);
  EXPECT_EQ(read_frame(over.substr(0, frame_head_bytes), frame_bytes_min).state, ReadState::refused);
  EXPECT_EQ(read_frame(std::string("\x03\0\x01\xFF\xFF\xFF\xFF", 7), 0xFFFF'FFFF).state, ReadState::refused);
}

TEST(Frame, an_unknown_type_is_refused_at_its_first_byte) {
  EXPECT_EQ(read_frame("G", frame_bytes_min).state, ReadState::refused);
  EXPECT_EQ(read_frame(std::string_view("\0", 1), frame_bytes_min).state, ReadState::refused);
  EXPECT_EQ(read_frame("\x04", frame_bytes_min).state, ReadState::refused);
}

TEST(Frame, another_end_is_refused) {
  std::string data = body_frame("hello");
  data.back() = '\0';

  EXPECT_EQ(read_frame(data, frame_bytes_min).fault, "a frame does not end with 0xCE");
}

TEST(Frame, a_dropped_frame_leaves_nothing) {
  std::string out = "before";
  FrameWriter frame(out, FrameType::method, 1);
  out += "half";

  frame.drop();

  EXPECT_EQ(out, "before");
}

TEST(ProtocolHeader, is_known_as_soon_as_it_is_whole) {
  for (std::size_t size = 0; size < protocol_header.size(); ++size) {
    EXPECT_EQ(read_protocol_header(protocol_header.substr(0, size)), ReadState::need_more) << size;
  }
  EXPECT_EQ(read_protocol_header(protocol_header), ReadState::complete);
  EXPECT_EQ(read_protocol_header(std::string(protocol_header) + "\x01"), ReadState::complete);
}

TEST(ProtocolHeader, of_other_versions_and_protocols_is_refused) {
  EXPECT_EQ(read_protocol_header(std::string_view("AMQP\x01\x01\x08\0", 8)), ReadState::refused);
  EXPECT_EQ(read_protocol_header(std::string_view("AMQP\0\x01\0\0", 8)), ReadState::refused);
  EXPECT_EQ(read_protocol_header("GET / HTTP/1.1\r\n"), ReadState::refused);
}

}  // namespace
}  // namespace tutti::wire::amqp
