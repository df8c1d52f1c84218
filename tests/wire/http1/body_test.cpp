#include "wire/http1/body.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tutti::wire::http1 {
namespace {

// Everything that came out, with the unread rest of the input behind it.
std::string read(BodyDecoder decoder, std::string_view text, std::size_t step) {
  std::string out;
  std::size_t given = 0;
  std::string unread;
  for (;;) {
    const std::vector<char> exact(unread.begin(), unread.end());  // ASan sees one byte too far
    const BodyStep s = decoder.next({exact.data(), exact.size()});
    switch (s.state) {
      case BodyStep::State::piece:
        out += s.piece;
        break;
      case BodyStep::State::trailer:
        out += "[" + std::string(s.name) + "=" + std::string(s.value) + "]";
        break;
      case BodyStep::State::refused:
        return "refused " + std::to_string(s.refusal.status) + " " + std::string(s.refusal.reason);
      case BodyStep::State::complete:
        unread.erase(0, s.consumed);
        return out + "|" + unread + std::string(text.substr(given));
      case BodyStep::State::need_more:
        if (given == text.size()) return out + "|need more";
        break;
    }
    unread.erase(0, s.consumed);
    if (s.state == BodyStep::State::need_more) {
      unread += text.substr(given, step);
      given = std::min(text.size(), given + step);
    }
  }
}
std::string chunked(std::string_view text, std::size_t step = 1 << 20, const Limits& limits = {}) {
  return read(BodyDecoder(Framing::chunked, 0, limits), text, step);
}

constexpr std::string_view example =
    "4\r\nWiki\r\n5;ext=\"a b\"\r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n0\r\nExpires: never\r\n\r\nNEXT";

TEST(ChunkedDecoder, reads_chunks_extensions_and_trailers_and_stops_at_the_end) {
  EXPECT_EQ(chunked(example), "Wikipedia in\r\n\r\nchunks.[Expires=never]|NEXT");
}

TEST(ChunkedDecoder, gives_the_same_answer_for_every_size_of_piece) {
  for (std::size_t step = 1; step <= example.size(); ++step) {
    EXPECT_EQ(chunked(example, step), chunked(example)) << step;
  }
}

TEST(ChunkedDecoder, asks_for_more_at_every_cut) {
  const std::size_t whole = example.size() - 4;
  for (std::size_t size = 0; size < whole; ++size) {
    EXPECT_NE(chunked(example.substr(0, size)).find("|need more"), std::string::npos) << size;
  }
}

TEST(ChunkedDecoder, refuses_bad_chunks_however_they_are_cut) {
  using namespace std::string_view_literals;
  for (std::string_view text : {"\r\n"sv,
                                " 4\r\nWiki\r\n"sv,
                                "4 \r\nWiki\r\n"sv,
                                "+4\r\nWiki\r\n"sv,
                                "-4\r\nWiki\r\n"sv,
                                "0x4\r\nWiki\r\n"sv,
                                "g\r\n"sv,
                                "4\nWiki\r\n"sv,
                                "4\r\nWikiX\r\n"sv,
                                "4\r\nWiki\n0\r\n\r\n"sv,
                                "4\r\nWiki\rX"sv,
                                "4\rX\nWiki"sv,
                                "4;a\0\r\nWiki\r\n"sv,
                                "4,5\r\nWiki\r\n"sv,
                                "10000000000000000\r\n"sv,
                                "FFFFFFFFFFFFFFFFF\r\n"sv,
                                ";x\r\n"sv,
                                "0\r\nContent-Length: 5\r\n\r\n"sv,
                                "0\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
                                "0\r\nHost: x\r\n\r\n"sv,
                                "0\r\nX : y\r\n\r\n"sv,
                                "0\r\n\n"sv,
                                "0\r\nX: y\n\r\n"sv}) {
    EXPECT_EQ(chunked(text).substr(0, 11), "refused 400") << testing::PrintToString(text);
    EXPECT_EQ(chunked(text, 1), chunked(text)) << testing::PrintToString(text);
  }
}

TEST(ChunkedDecoder, keeps_the_limit_of_the_body) {
  EXPECT_EQ(chunked("5\r\nabcde\r\n5\r\nfghij\r\n0\r\n\r\n", 99, {.body_bytes = 10}), "abcdefghij|");
  EXPECT_EQ(chunked("5\r\nabcde\r\n6\r\nfghijk\r\n0\r\n\r\n", 99, {.body_bytes = 10}),
            "refused 413 the body is too large");
  EXPECT_EQ(chunked("FFFFFFFFFFFFFFFF\r\n", 99, {.body_bytes = 10}), "refused 413 the body is too large");
}

TEST(ChunkedDecoder, keeps_the_limits_of_lines_extensions_and_trailers) {
  const Limits limits{.header_count = 2, .trailer_bytes = 20, .chunk_line_bytes = 8, .chunk_extension_bytes = 10};
  EXPECT_EQ(chunked("1;abcdef\r\nx\r\n0\r\n\r\n", 99, limits), "x|");
  EXPECT_EQ(chunked("1;abcdefg\r\nx\r\n0\r\n\r\n", 99, limits), "refused 400 a chunk's size line is too long");
  EXPECT_EQ(chunked("1;abcdefg\r\nx\r\n0\r\n\r\n", 1, limits), "refused 400 a chunk's size line is too long");
  EXPECT_EQ(chunked("1;abcd\r\nx\r\n1;abcdef\r\nx\r\n0\r\n\r\n", 99, limits),
            "refused 400 the chunk extensions are too large");
  EXPECT_EQ(chunked("0\r\na: b\r\nc: d\r\n\r\n", 99, limits), "[a=b][c=d]|");
  EXPECT_EQ(chunked("0\r\na: b\r\nc: d\r\ne: f\r\n\r\n", 99, limits).substr(0, 11), "refused 431");
  EXPECT_EQ(chunked("0\r\na: 0123456789abcdef\r\n\r\n", 99, limits), "refused 431 the trailers are too large");
  EXPECT_EQ(chunked("0\r\na: 0123456789abcdef\r\n\r\n", 1, limits), "refused 431 the trailers are too large");
}

TEST(BodyDecoder, stops_at_the_content_length) {
  EXPECT_EQ(read(BodyDecoder(Framing::length, 5), "helloGET", 3), "hello|GET");
  EXPECT_EQ(read(BodyDecoder(Framing::length, 5), "hell", 3), "hell|need more");
  EXPECT_EQ(read(BodyDecoder(Framing::none, 0), "GET", 3), "|GET");
}

TEST(BodyDecoder, reads_until_the_connection_closes_within_the_limit) {
  BodyDecoder decoder(Framing::until_close, 0, {.body_bytes = 5});
  EXPECT_EQ(decoder.next("hel").piece, "hel");
  EXPECT_EQ(decoder.next("lo").piece, "lo");
  BodyDecoder ended = decoder;
  EXPECT_TRUE(ended.ends_here());
  EXPECT_EQ(ended.next("").state, BodyStep::State::complete);
  EXPECT_EQ(decoder.next("!").refusal.status, 413);
}

TEST(BodyDecoder, knows_a_body_that_was_cut_off) {
  BodyDecoder sized(Framing::length, 5);
  (void)sized.next("hell");
  EXPECT_FALSE(sized.ends_here());
  (void)sized.next("o");
  EXPECT_TRUE(sized.ends_here());
  BodyDecoder chunks(Framing::chunked, 0);
  (void)chunks.next("0\r\n");
  EXPECT_FALSE(chunks.ends_here());
  (void)chunks.next("\r\n");
  EXPECT_TRUE(chunks.ends_here());
}

TEST(Chunks, are_written_as_they_are_read) {
  std::string out;
  append_chunk(out, "hello");
  append_chunk(out, "");
  append_chunk(out, std::string(300, 'x'));
  out += last_chunk;

  EXPECT_EQ(out.substr(0, 15), "5\r\nhello\r\n12c\r\n");
  EXPECT_EQ(chunked(out), "hello" + std::string(300, 'x') + "|");
}

}  // namespace
}  // namespace tutti::wire::http1
