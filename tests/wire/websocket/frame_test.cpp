#include "wire/websocket/frame.hpp"

#include <gtest/gtest.h>

#include "wire/websocket/given.hpp"

namespace tutti::wire::websocket::testing {
namespace {

using namespace std::string_literals;

TEST(Frame, writes_the_examples_of_rfc_6455) {
  std::string out;
  append_frame(out, {}, "Hello");
  EXPECT_EQ(out, "\x81\x05\x48\x65\x6c\x6c\x6f");
  EXPECT_EQ(text("Hello"), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
}

TEST(Frame, writes_each_length_as_short_as_can_be) {
  const auto head_of = [](std::size_t size) {
    std::string out;
    append_frame(out, {.opcode = Opcode::binary}, std::string(size, 'x'));
    return out.substr(0, out.size() - size);
  };
  EXPECT_EQ(head_of(125), "\x82\x7d");
  EXPECT_EQ(head_of(126), "\x82\x7e\x00\x7e"s);
  EXPECT_EQ(head_of(65535), "\x82\x7e\xff\xff");
  EXPECT_EQ(head_of(65536), "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
}

TEST(Frame, masks_from_any_position_and_any_alignment) {
  const std::string plain = "The quick brown fox jumps over the lazy dog.";
  for (std::size_t position = 0; position < 9; ++position) {
    for (std::size_t size = 0; size <= plain.size(); ++size) {
      std::string masked(size, '\0');
      apply_mask(masked.data(), plain.data(), size, key, position);
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_EQ(masked[i], static_cast<char>(plain[i] ^ static_cast<char>(key[(position + i) % 4])))
            << position << " " << size << " " << i;
      }
    }
  }
}

TEST(Frame, cuts_a_long_reason_between_two_characters) {
  std::string out;
  append_close(out, 1000, std::string(122, 'x') + "\xc3\xa4");
  EXPECT_EQ(out, "\x88\x7c\x03\xe8" + std::string(122, 'x'));
  out.clear();
  append_close(out, 1001, std::string(121, 'x') + "\xc3\xa4");
  EXPECT_EQ(out, "\x88\x7d\x03\xe9" + std::string(121, 'x') + "\xc3\xa4");
  out.clear();
  append_close(out, 1001, std::string(1'000, 'x'));
  EXPECT_EQ(out, "\x88\x7d\x03\xe9" + std::string(123, 'x'));
  out.clear();
  append_close(out, close_code::none, "");
  EXPECT_EQ(out, "\x88\x00"s);
}

}  // namespace
}  // namespace tutti::wire::websocket::testing
