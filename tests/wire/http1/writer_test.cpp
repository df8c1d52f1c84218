#include "wire/http1/writer.hpp"

#include <gtest/gtest.h>

#include "wire/http1/response_parser.hpp"

namespace tutti::wire::http1 {
namespace {

TEST(ResponseWriter, writes_a_response_that_the_parser_reads) {
  std::string out;
  ResponseWriter writer(out, 201);
  writer.date("Sun, 06 Nov 1994 08:49:37 GMT");
  writer.content_type("application/json");
  ASSERT_TRUE(writer.field("location", "/charges/1"));
  writer.body("{}", Method::post);

  EXPECT_EQ(out,
            "HTTP/1.1 201 Created\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-type: application/json\r\n"
            "location: /charges/1\r\ncontent-length: 2\r\n\r\n{}");
  ResponseParser parser;
  ASSERT_EQ(parser.parse(out), ResponseParser::State::complete);
  EXPECT_EQ(parser.head().content_length, 2u);
}

TEST(ResponseWriter, refuses_what_would_split_a_response) {
  std::string out;
  for (const std::string& value : {std::string("a\r\nset-cookie: x=1"), std::string("a\n"), std::string("a\r"),
                                   std::string("a\0b", 3), std::string("a\x7f")}) {
    EXPECT_FALSE(append_field(out, "x", value));
  }
  for (std::string_view name : {"", "x y", "x:", "x\r\n", "\xc3\xa9"}) EXPECT_FALSE(append_field(out, name, "a"));
  EXPECT_EQ(out, "");
}

TEST(ResponseWriter, keeps_the_length_and_leaves_the_body_out_for_head) {
  std::string out;
  ResponseWriter(out, 200).body("hello", Method::head);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
}

TEST(ResponseWriter, ends_each_head_in_its_own_way) {
  std::string out;
  ResponseWriter none(out, 204);
  none.close();
  none.no_body();
  ResponseWriter chunks(out, 200);
  chunks.keep_alive();
  chunks.chunked();
  EXPECT_EQ(out,
            "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"
            "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n");
}

TEST(ResponseWriter, has_a_line_for_a_status_without_a_name) {
  std::string out;
  append_status_line(out, 299);
  append_status_line(out, 1000);
  EXPECT_EQ(out, "HTTP/1.1 299 \r\nHTTP/1.1 500 \r\n");
  EXPECT_EQ(reason_of(404), "Not Found");
  EXPECT_EQ(reason_of(299), "");
}

TEST(RequestWriter, writes_a_request_that_the_parser_reads) {
  std::string out;
  RequestWriter writer(out);
  ASSERT_TRUE(writer.start("POST", "/charges?x=1", "payments:8080"));
  ASSERT_TRUE(writer.field("idempotency-key", "k"));
  writer.content_length(0);

  RequestParser parser;
  ASSERT_EQ(parser.parse(out), RequestParser::State::complete) << parser.refusal().reason;
  EXPECT_EQ(parser.head().target, "/charges?x=1");
  EXPECT_EQ(parser.head().host, "payments:8080");
  EXPECT_EQ(parser.head().fields.get(Known::idempotency_key), "k");
}

TEST(RequestWriter, refuses_what_would_split_a_request) {
  std::string out;
  RequestWriter writer(out);
  EXPECT_FALSE(writer.start("GET x", "/", "h"));
  EXPECT_FALSE(writer.start("GET", "/a b", "h"));
  EXPECT_FALSE(writer.start("GET", "", "h"));
  EXPECT_FALSE(writer.start("GET", "/\r\nx: y", "h"));
  EXPECT_FALSE(writer.start("GET", "/", "h\r\nx: y"));
  EXPECT_FALSE(writer.start("GET", "/", ""));
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace tutti::wire::http1
