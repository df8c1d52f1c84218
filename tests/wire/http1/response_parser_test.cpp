#include "wire/http1/response_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tutti::wire::http1 {
namespace {

using State = ResponseParser::State;

std::string seen(const ResponseParser& parser, State state) {
  if (state == State::need_more) return "need more";
  if (state == State::refused) return std::string(parser.refusal().reason);
  const ResponseHead& head = parser.head();
  std::string out = std::to_string(head.status) + "|" + std::string(head.reason) + "|" + std::to_string(head.bytes) +
                    "|" + std::to_string(static_cast<int>(head.framing)) + "|" + std::to_string(head.content_length) +
                    "|" + (head.keep_alive ? "keep" : "close") + "|" + (head.continued ? "continued" : "");
  for (const Field& field : head.fields.list()) out += "|" + std::string(field.name) + "=" + std::string(field.value);
  return out;
}

std::string at_once(std::string_view text, Method request = Method::get) {
  ResponseParser parser;
  parser.expect(request);
  const State state = parser.parse(text);
  return seen(parser, state);
}

std::string byte_by_byte(std::string_view text, Method request = Method::get) {
  ResponseParser parser;
  parser.expect(request);
  State state = State::need_more;
  std::vector<char> last;
  for (std::size_t size = 0; size <= text.size() && state == State::need_more; ++size) {
    std::vector<char> buffer(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
    buffer.shrink_to_fit();
    state = parser.parse({buffer.data(), buffer.size()});
    last.swap(buffer);
  }
  return seen(parser, state);
}

Framing framing(std::string_view text, Method request = Method::get) {
  ResponseParser parser;
  parser.expect(request);
  EXPECT_EQ(parser.parse(text), State::complete) << text << parser.refusal().reason;
  return parser.head().framing;
}

TEST(ResponseParser, reads_status_headers_and_framing) {
  ResponseParser parser;
  const std::string text = "HTTP/1.1 201 Created\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello";

  ASSERT_EQ(parser.parse(text), State::complete);

  EXPECT_EQ(parser.head().status, 201);
  EXPECT_EQ(parser.head().reason, "Created");
  EXPECT_EQ(parser.head().framing, Framing::length);
  EXPECT_EQ(parser.head().content_length, 5u);
  EXPECT_TRUE(parser.head().keep_alive);
  EXPECT_EQ(std::string_view(text).substr(parser.head().bytes), "hello");
}

TEST(ResponseParser, finds_the_bodys_end_by_the_rules_of_rfc_9112) {
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Framing::chunked);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), Framing::none);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\n\r\n"), Framing::until_close);
  EXPECT_EQ(framing("HTTP/1.0 200 OK\r\n\r\n"), Framing::until_close);
  EXPECT_EQ(framing("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"), Framing::none);
  EXPECT_EQ(framing("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), Framing::none);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::head), Framing::none);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::head), Framing::none);
  EXPECT_EQ(framing("HTTP/1.1 101 Switching Protocols\r\nUpgrade: w\r\n\r\n"), Framing::none);
}

TEST(ResponseParser, skips_interim_answers_and_says_that_a_100_came) {
  const std::string text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
      "1\r\n\r\nx";
  ResponseParser parser;

  ASSERT_EQ(parser.parse(std::string_view(text).substr(0, 30)), State::need_more);
  EXPECT_TRUE(parser.continued());
  ASSERT_EQ(parser.parse(text), State::complete);

  EXPECT_EQ(parser.head().status, 200);
  EXPECT_EQ(parser.head().fields.size(), 1u);
  EXPECT_EQ(parser.head().bytes, text.size() - 1);
  EXPECT_EQ(byte_by_byte(text), at_once(text));
}

TEST(ResponseParser, bounds_interim_answers) {
  std::string text;
  for (int i = 0; i < ResponseParser::interim_max; ++i) text += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_EQ(at_once(text), "need more");
  EXPECT_EQ(at_once(text + "HTTP/1.1 102 Processing\r\n\r\n"), "there are too many interim answers");
}

TEST(ResponseParser, closes_when_the_other_side_says_so_or_gives_no_length) {
  ResponseParser parser;
  ASSERT_EQ(parser.parse("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), State::complete);
  EXPECT_FALSE(parser.head().keep_alive);
  parser.expect(Method::get);
  ASSERT_EQ(parser.parse("HTTP/1.1 200 OK\r\n\r\n"), State::complete);
  EXPECT_FALSE(parser.head().keep_alive);
  parser.expect(Method::get);
  ASSERT_EQ(parser.parse("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"), State::complete);
  EXPECT_TRUE(parser.head().keep_alive);
}

TEST(ResponseParser, gives_the_same_answer_byte_by_byte) {
  for (std::string_view text :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\n", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 600 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 200 O\rK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 8388609\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n", "ICY 200 OK\r\n\r\n"}) {
    EXPECT_EQ(byte_by_byte(text), at_once(text)) << text;
    EXPECT_NE(at_once(text), "need more") << text;
  }
}

TEST(ResponseParser, refuses_what_has_two_readings) {
  EXPECT_EQ(at_once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), "content-length is repeated");
  EXPECT_EQ(at_once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "both content-length and transfer-encoding");
  EXPECT_EQ(at_once("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"), "a header line is folded or starts with whitespace");
  EXPECT_EQ(at_once("HTTP/1.1 200 OK\r\nContent-Length: 8388609\r\n\r\n"), "the body is too large");
  EXPECT_EQ(at_once("SSH-2.0-OpenSSH_9.2\r\n"), "the status line is malformed");
}

}  // namespace
}  // namespace tutti::wire::http1
