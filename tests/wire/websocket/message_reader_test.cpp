#include "wire/websocket/message_reader.hpp"

#include <gtest/gtest.h>

#include "wire/websocket/given.hpp"

namespace tutti::wire::websocket::testing {
namespace {

using namespace std::string_literals;

TEST(MessageReader, reads_the_examples_of_rfc_6455) {
  EXPECT_EQ(told("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s), "text:Hello");
  EXPECT_EQ(told("\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s), "ping:Hello");
  MessageReader from_server(Sender::server, {}, nullptr);
  EXPECT_EQ(told(from_server, "\x81\x05\x48\x65\x6c\x6c\x6f\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f"s),
            "text:Hello text:Hello");
}

TEST(MessageReader, says_the_same_however_the_bytes_are_cut) {
  const std::string bytes = text("Hello") + frame(Opcode::ping, "a") + first("w\xc3") + frame(Opcode::pong, "b") +
                            more("\xb6") + last("rld") + frame(Opcode::binary, std::string(70'000, '\xff')) +
                            frame(Opcode::close,
                                  "\x03\xe8"
                                  "bye"s);
  const ReadLimits limits{.frame_bytes_max = 100'000, .message_bytes_max = 100'000};

  const std::string whole = told(bytes, limits);

  EXPECT_EQ(whole,
            "text:Hello ping:a pong:b text:w\xc3\xb6rld binary:" + std::string(70'000, '\xff') + " close:1000:bye");
  for (const std::size_t step : {1u, 2u, 3u, 7u, 8u, 9u, 127u, 1024u})
    EXPECT_EQ(told(bytes, limits, nullptr, step), whole);
}

TEST(MessageReader, joins_fragments_and_lets_control_frames_pass_between_them) {
  EXPECT_EQ(told(first("a") + more("") + last("b")), "text:ab");
  EXPECT_EQ(told(first("a") + frame(Opcode::ping, "1") + last("b")), "ping:1 text:ab");
  EXPECT_EQ(told(frame(Opcode::binary, "a", false) + last("\xff")), "binary:a\xff");
  EXPECT_EQ(told(text("")), "text:");
  EXPECT_EQ(told(first("") + last("")), "text:");
}

TEST(MessageReader, refuses_what_the_protocol_does_not_allow) {
  EXPECT_EQ(told("\x81\x05Hello"s), "refused:1002") << "not masked";
  EXPECT_EQ(told("\xa1"s), "refused:1002") << "RSV2";
  EXPECT_EQ(told("\x91"s), "refused:1002") << "RSV3";
  EXPECT_EQ(told("\xc1"s), "refused:1002") << "RSV1 without an extension";
  for (const unsigned opcode : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u}) {
    EXPECT_EQ(told(std::string(1, static_cast<char>(0x80 | opcode))), "refused:1002") << opcode;
  }
  EXPECT_EQ(told(frame(Opcode::ping, "", false)), "refused:1002") << "a fragmented ping";
  EXPECT_EQ(told(frame(Opcode::close, "", false)), "refused:1002");
  EXPECT_EQ(told(frame(Opcode::ping, std::string(125, 'x'))), "ping:" + std::string(125, 'x'));
  EXPECT_EQ(told(frame(Opcode::ping, std::string(126, 'x'))), "refused:1002");
  EXPECT_EQ(told(last("a")), "refused:1002") << "nothing is continued";
  EXPECT_EQ(told(first("a") + text("b")), "refused:1002") << "the first one is not complete";
  EXPECT_EQ(told(first("a") + frame(Opcode::binary, "b")), "refused:1002");
  EXPECT_EQ(told(text("a") + last("b")), "text:a refused:1002");
}

TEST(MessageReader, refuses_lengths_that_are_not_written_as_short_as_can_be) {
  EXPECT_EQ(told("\x81\xfe\x00\x7d"s + std::string(4, '\0')), "refused:1002");
  EXPECT_EQ(told("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff"s + std::string(4, '\0')), "refused:1002");
  EXPECT_EQ(told("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00"s + std::string(4, '\0')), "refused:1002")
      << "the highest bit";
}

TEST(MessageReader, refuses_what_is_too_long_by_its_head) {
  const ReadLimits limits{.frame_bytes_max = 10, .message_bytes_max = 15};
  EXPECT_EQ(told(text(std::string(10, 'x')), limits), "text:" + std::string(10, 'x'));
  EXPECT_EQ(told(text(std::string(11, 'x')).substr(0, 6), limits), "refused:1009");
  EXPECT_EQ(told(first(std::string(10, 'x')) + last("12345"), limits), "text:" + std::string(10, 'x') + "12345");
  EXPECT_EQ(told(first(std::string(10, 'x')) + last("123456"), limits), "refused:1009");
  EXPECT_EQ(told("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"s + std::string(4, '\0'), limits), "refused:1009")
      << "far beyond";
  EXPECT_EQ(told(frame(Opcode::ping, std::string(100, 'x')), limits), "ping:" + std::string(100, 'x'))
      << "control frames have their own limit";
}

TEST(MessageReader, refuses_a_text_as_soon_as_it_cannot_become_utf8) {
  EXPECT_EQ(told(text("\xc3\xa4")), "text:\xc3\xa4");
  EXPECT_EQ(told(text("\xff")), "refused:1007");
  EXPECT_EQ(told(text("\xc3")), "refused:1007") << "it ends within a character";
  EXPECT_EQ(told(first("\xf0\x9f") + last("\x98\x80")), "text:\xf0\x9f\x98\x80") << "cut within a character";
  EXPECT_EQ(told(first("a\xf0\x9f") + last("z")), "refused:1007");
  // Nothing that could follow makes these valid: an overlong form, a surrogate, beyond U+10FFFF.
  for (const char* begun :
       {"\xc0", "\xc1", "\xe0\x80", "\xed\xa0", "\xf0\x80", "\xf4\x90", "\xf5", "\xf0\x9f\x7f", "\x80"}) {
    EXPECT_EQ(told(first(begun)), "refused:1007");
    EXPECT_EQ(told(text(begun + std::string(5, 'x')).substr(0, 6 + std::string_view(begun).size())), "refused:1007")
        << "before its frame has ended";
  }
  for (const char* begun :
       {"\xc2", "\xe0", "\xe0\xa0", "\xed\x9f", "\xee", "\xf0", "\xf0\x90", "\xf4\x8f", "\xf4\x8f\xbf"}) {
    EXPECT_EQ(told(first(begun)), "") << "may become a character";
  }
  EXPECT_EQ(told(frame(Opcode::binary, "\xff")), "binary:\xff");
}

TEST(MessageReader, reads_close_codes_and_refuses_those_that_may_not_be_sent) {
  const auto closed = [](int code, std::string_view reason = {}) {
    return told(frame(Opcode::close,
                      std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + std::string(reason)));
  };
  EXPECT_EQ(told(frame(Opcode::close, "")), "close:1005:");
  EXPECT_EQ(told(frame(Opcode::close, "\x03")), "refused:1002");
  for (const int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999}) {
    EXPECT_EQ(closed(code), "close:" + std::to_string(code) + ":");
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
    EXPECT_EQ(closed(code), "refused:1002") << code;
  EXPECT_EQ(closed(1000, "gr\xc3\xbc\xc3\x9f"), "close:1000:gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(closed(1000, "\xff"), "refused:1007");
}

TEST(MessageReader, reads_nothing_after_a_close) {
  EXPECT_EQ(told(frame(Opcode::close, "\x03\xe8"s) + text("late")), "close:1000:");
}

TEST(MessageReader, inflates_a_compressed_message) {
  Inflater inflater;
  Deflater deflater(15);
  std::string payload;
  deflater.deflate(std::string(5'000, 'a') + "b", payload);
  const std::string half = payload.substr(0, payload.size() / 2);
  const std::string rest = payload.substr(payload.size() / 2);

  EXPECT_EQ(told(frame(Opcode::text, payload, true, true), {}, &inflater), "text:" + std::string(5'000, 'a') + "b");
  EXPECT_EQ(told(frame(Opcode::text, half, false, true) + frame(Opcode::ping, "") + last(rest) + text("plain"), {},
                 &inflater),
            "ping: text:" + std::string(5'000, 'a') + "b text:plain");
  EXPECT_EQ(told(frame(Opcode::text, half, false, true) + frame(Opcode::continuation, rest, true, true), {}, &inflater),
            "refused:1002")
      << "RSV1 on a fragment that continues";
  EXPECT_EQ(told(frame(Opcode::ping, "", true, true), {}, &inflater), "refused:1002") << "RSV1 on a control frame";
}

TEST(MessageReader, refuses_a_message_that_inflates_to_too_much_or_not_at_all_or_to_no_text) {
  Inflater inflater;
  Deflater deflater(15);
  std::string bomb, binary;
  deflater.deflate(std::string(10'000'000, '\0'), bomb);
  deflater.deflate("\xff\xfe", binary);

  EXPECT_EQ(told(frame(Opcode::binary, bomb, true, true), {}, &inflater), "refused:1009");
  EXPECT_EQ(told(frame(Opcode::binary, "\xff\xff\xff", true, true), {}, &inflater), "refused:1007");
  EXPECT_EQ(told(frame(Opcode::text, binary, true, true), {}, &inflater), "refused:1007");
  EXPECT_EQ(told(frame(Opcode::binary, binary, true, true), {}, &inflater), "binary:\xff\xfe");
}

}  // namespace
}  // namespace tutti::wire::websocket::testing
