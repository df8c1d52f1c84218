#include "wire/amqp/content.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "samples.hpp"

namespace tutti::wire::amqp {
namespace {

Properties every_property() {
  return {.content_type = "application/json",
          .content_encoding = "utf-8",
          .headers = every_type().table(),
          .delivery_mode = 2,
          .priority = 5,
          .correlation_id = "c-1",
          .reply_to = "r-1",
          .expiration = "5000",
          .message_id = "m-1",
          .timestamp = 1'767'225'600,
          .type = "placed",
          .user_id = "guest",
          .app_id = "shop",
          .cluster_id = ""};
}

std::string bytes_of(const Properties& properties) {
  std::string out;
  append_properties(out, properties);
  return out;
}

std::vector<Frame> frames_of(std::string_view data, std::uint32_t frame_max) {
  std::vector<Frame> out;
  while (!data.empty()) {
    const FrameResult result = read_frame(data, frame_max);
    EXPECT_EQ(result.state, ReadState::complete);
    if (result.state != ReadState::complete) break;
    out.push_back(result.frame);
    data.remove_prefix(result.bytes);
  }
  return out;
}

TEST(Properties, all_and_none_are_read_back) {
  EXPECT_EQ(parse_properties(bytes_of({})).properties, Properties{});
  const std::string all = bytes_of(every_property());

  const PropertiesResult result = parse_properties(all);

  EXPECT_EQ(result.fault, "");
  EXPECT_EQ(result.properties, every_property());
}

TEST(Properties, the_bytes_are_those_of_the_specification) {
  EXPECT_EQ(bytes_of({.content_type = "a", .delivery_mode = 2}), std::string("\x90\0\x01"
                                                                             "a\x02",
                                                                             5));
}

TEST(Properties, every_cut_is_a_fault) {
  const std::string all = bytes_of(every_property());

  for (std::size_t size = 0; size < all.size(); ++size) {
    EXPECT_NE(parse_properties(std::string(all.data(), size)).fault, "") << size;
  }
}

TEST(Properties, bytes_behind_and_unknown_flags_are_faults) {
  EXPECT_NE(parse_properties(bytes_of({}) + "x").fault, "");
  EXPECT_NE(parse_properties(std::string_view("\0\x01", 2)).fault, "");
  EXPECT_NE(parse_properties(std::string_view("\0\x02", 2)).fault, "");
}

TEST(Content, a_body_is_cut_to_frames_and_put_together) {
  const std::string body(3 * frame_bytes_min, 'b');
  const std::string properties = bytes_of({.message_id = "m-1"});
  std::string out;
  append_content(out, 4, properties, body, frame_bytes_min);
  ContentReader reader(body.size());
  reader.begin();

  ReadState state = ReadState::need_more;
  for (const Frame& frame : frames_of(out, frame_bytes_min)) {
    ASSERT_EQ(state, ReadState::need_more);
    state = reader.take(frame);
  }

  EXPECT_EQ(state, ReadState::complete);
  EXPECT_EQ(reader.body(), body);
  EXPECT_EQ(reader.properties(), properties);
  EXPECT_FALSE(reader.under_way());
}

TEST(Content, a_body_of_one_frame_is_not_copied) {
  std::string out;
  append_content(out, 1, bytes_of({}), "hello", frame_bytes_min);
  const auto frames = frames_of(out, frame_bytes_min);
  ASSERT_EQ(frames.size(), 2u);
  ContentReader reader(5);
  reader.begin();

  EXPECT_EQ(reader.take(frames[0]), ReadState::need_more);
  EXPECT_EQ(reader.take(frames[1]), ReadState::complete);

  EXPECT_EQ(reader.body().data(), frames[1].payload.data());
}

TEST(Content, an_empty_body_has_no_frame) {
  std::string out;
  append_content(out, 1, bytes_of({}), "", frame_bytes_min);
  const auto frames = frames_of(out, frame_bytes_min);
  ASSERT_EQ(frames.size(), 1u);
  ContentReader reader(0);
  reader.begin();

  EXPECT_EQ(reader.take(frames[0]), ReadState::complete);

  EXPECT_EQ(reader.body(), "");
}

TEST(Content, a_reader_can_be_used_again) {
  std::string out;
  append_content(out, 1, bytes_of({.type = "t"}), std::string(frame_bytes_min, 'x'), frame_bytes_min);
  append_content(out, 1, bytes_of({}), "second", frame_bytes_min);
  ContentReader reader(frame_bytes_min);

  for (const Frame& frame : frames_of(out, frame_bytes_min)) {
    if (!reader.under_way()) reader.begin();
    EXPECT_NE(reader.take(frame), ReadState::refused);
  }

  EXPECT_EQ(reader.body(), "second");
  EXPECT_EQ(reader.properties(), bytes_of({}));
}

TEST(Content, a_body_over_the_limit_is_refused_by_its_header) {
  std::string out;
  append_content(out, 1, bytes_of({}), "123456", frame_bytes_min);
  ContentReader reader(5);
  reader.begin();

  EXPECT_EQ(reader.take(frames_of(out, frame_bytes_min)[0]), ReadState::refused);

  EXPECT_TRUE(reader.too_long());
}

TEST(Content, more_than_was_announced_is_refused) {
  std::string out;
  append_content(out, 1, bytes_of({}), "12345", frame_bytes_min);
  ContentReader reader(100);
  reader.begin();
  ASSERT_EQ(reader.take(frames_of(out, frame_bytes_min)[0]), ReadState::need_more);

  EXPECT_EQ(reader.take({.type = FrameType::body, .payload = "123456"}), ReadState::refused);
}

TEST(Content, frames_out_of_order_are_refused) {
  ContentReader reader(100);
  reader.begin();
  EXPECT_EQ(reader.take({.type = FrameType::body, .payload = "x"}), ReadState::refused);
  reader.begin();
  EXPECT_EQ(reader.take({.type = FrameType::method, .payload = "x"}), ReadState::refused);
  reader.begin();
  EXPECT_EQ(reader.take({.type = FrameType::header, .payload = "short"}), ReadState::refused);
}

TEST(Content, a_header_of_another_class_is_refused) {
  std::string out;
  append_content(out, 1, bytes_of({}), "x", frame_bytes_min);
  out[frame_head_bytes + 1] = 61;
  ContentReader reader(100);
  reader.begin();

  EXPECT_EQ(reader.take(frames_of(out, frame_bytes_min)[0]), ReadState::refused);
}

}  // namespace
}  // namespace tutti::wire::amqp
