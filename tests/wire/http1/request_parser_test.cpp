#include "wire/http1/request_parser.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace tutti::wire::http1 {
namespace {

using State = RequestParser::State;

// What a test compares: everything that a caller can see.
std::string seen(const RequestParser& parser, State state) {
  if (state == State::need_more) return "need more";
  if (state == State::refused)
    return std::to_string(parser.refusal().status) + " " + std::string(parser.refusal().reason);
  const RequestHead& head = parser.head();
  std::string out = std::string(head.method_name) + "|" + std::string(head.target) + "|" + std::string(head.path) +
                    "|" + std::string(head.query) + "|" + std::string(head.host) + "|" + std::to_string(head.bytes) +
                    "|" + std::to_string(static_cast<int>(head.framing)) + "|" + std::to_string(head.content_length) +
                    "|" + (head.keep_alive ? "keep" : "close");
  for (const Field& field : head.fields.list()) out += "|" + std::string(field.name) + "=" + std::string(field.value);
  return out;
}

std::string at_once(std::string_view text, const Limits& limits = {}) {
  RequestParser parser(limits);
  const State state = parser.parse(text);
  return seen(parser, state);
}

// Byte by byte, each time in a buffer of exactly that size at another place: reading too far is an error under ASan,
// and views into an old buffer too.
std::string byte_by_byte(std::string_view text, const Limits& limits = {}) {
  RequestParser parser(limits);
  State state = State::need_more;
  std::unique_ptr<char[]> last;
  for (std::size_t size = 0; size <= text.size() && state == State::need_more; ++size) {
    auto buffer = std::make_unique<char[]>(size == 0 ? 1 : size);
    text.copy(buffer.get(), size);
    state = parser.parse({buffer.get(), size});
    last = std::move(buffer);
  }
  return seen(parser, state);
}

int status_of(std::string_view text, const Limits& limits = {}) {
  RequestParser parser(limits);
  return parser.parse(text) == State::refused ? parser.refusal().status : 0;
}

constexpr std::string_view charge =
    "POST /charges/o-17?dry=1&x HTTP/1.1\r\n"
    "Host: payments:8080\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length:  42 \r\n"
    "X-Empty:\r\n"
    "Accept: */*\t\r\n"
    "\r\n";

TEST(RequestParser, reads_a_request_into_views) {
  RequestParser parser;
  const std::string text = std::string(charge) + "{body";

  ASSERT_EQ(parser.parse(text), State::complete);

  const RequestHead& head = parser.head();
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.form, TargetForm::origin);
  EXPECT_EQ(head.target, "/charges/o-17?dry=1&x");
  EXPECT_EQ(head.path, "/charges/o-17");
  EXPECT_EQ(head.query, "dry=1&x");
  EXPECT_EQ(head.host, "payments:8080");
  EXPECT_EQ(head.version, Version::http11);
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.content_length, 42u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_EQ(head.bytes, charge.size());
  EXPECT_EQ(head.fields.get(Known::content_type), "application/json");
  EXPECT_EQ(head.fields.get(Known::accept), "*/*");
  ASSERT_NE(head.fields.find("x-empty"), nullptr);
  EXPECT_EQ(head.fields.find("x-empty")->value, "");
  EXPECT_GE(head.path.data(), text.data());
  EXPECT_LT(head.path.data(), text.data() + text.size());
}

TEST(RequestParser, asks_for_more_at_every_cut_and_gives_the_same_answer) {
  for (std::size_t size = 0; size < charge.size(); ++size) {
    EXPECT_EQ(at_once(charge.substr(0, size)), "need more") << size;
  }
  EXPECT_EQ(byte_by_byte(charge), at_once(charge));
}

TEST(RequestParser, follows_a_buffer_that_moves_while_the_body_is_read) {
  RequestParser parser;
  auto first = std::make_unique<std::string>(charge);
  ASSERT_EQ(parser.parse(*first), State::complete);

  const std::string second = *first + "more";
  first.reset();
  parser.rebase(second.data());

  EXPECT_EQ(parser.head().path, "/charges/o-17");
  EXPECT_EQ(parser.head().fields.get(Known::content_type), "application/json");
}

TEST(RequestParser, reads_pipelined_requests_one_after_the_other) {
  const std::string text = "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  RequestParser parser;

  ASSERT_EQ(parser.parse(text), State::complete);
  EXPECT_EQ(parser.head().path, "/a");
  const std::size_t bytes = parser.head().bytes;
  parser.clear();

  ASSERT_EQ(parser.parse(std::string_view(text).substr(bytes)), State::complete);
  EXPECT_EQ(parser.head().path, "/b");
  EXPECT_FALSE(parser.head().keep_alive);
  EXPECT_EQ(bytes + parser.head().bytes, text.size());
}

TEST(RequestParser, forgets_everything_of_the_request_before) {
  RequestParser parser;
  ASSERT_EQ(parser.parse(
                "PUT http://x/a?b HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: w\r\nExpect: 100-continue\r\n"
                "Transfer-Encoding: chunked\r\n\r\n"),
            State::complete);
  parser.clear();

  ASSERT_EQ(parser.parse("GET / HTTP/1.0\r\n\r\n"), State::complete);

  const RequestHead& head = parser.head();
  EXPECT_EQ(head.scheme, "");
  EXPECT_EQ(head.host, "");
  EXPECT_EQ(head.query, "");
  EXPECT_EQ(head.upgrade, "");
  EXPECT_EQ(head.framing, Framing::none);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_FALSE(head.keep_alive);
  EXPECT_EQ(head.fields.size(), 0u);
}

TEST(RequestParser, knows_who_keeps_the_connection) {
  const auto kept = [](std::string_view version, std::string_view field) {
    RequestParser parser;
    const std::string text = "GET / " + std::string(version) + "\r\nHost: h\r\n" + std::string(field) + "\r\n";
    EXPECT_EQ(parser.parse(text), State::complete) << text;
    return parser.head().keep_alive;
  };
  EXPECT_TRUE(kept("HTTP/1.1", ""));
  EXPECT_FALSE(kept("HTTP/1.1", "Connection: close\r\n"));
  EXPECT_FALSE(kept("HTTP/1.1", "Connection: keep-alive\r\nConnection: x, Close\r\n"));
  EXPECT_FALSE(kept("HTTP/1.0", ""));
  EXPECT_TRUE(kept("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(kept("HTTP/1.0", "Connection: keep-alive, close\r\n"));
  EXPECT_TRUE(kept("HTTP/1.7", ""));
}

TEST(RequestParser, expects_continue_only_with_a_body) {
  RequestParser parser;
  ASSERT_EQ(parser.parse("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n"),
            State::complete);
  EXPECT_TRUE(parser.head().expect_continue);
  parser.clear();
  ASSERT_EQ(parser.parse("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"), State::complete);
  EXPECT_FALSE(parser.head().expect_continue);
}

TEST(RequestParser, names_an_upgrade_only_if_connection_does) {
  RequestParser parser;
  ASSERT_EQ(
      parser.parse("GET /live HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n"),
      State::complete);
  EXPECT_EQ(parser.head().upgrade, "websocket");
  parser.clear();
  ASSERT_EQ(parser.parse("GET /live HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n"), State::complete);
  EXPECT_EQ(parser.head().upgrade, "");
}

TEST(RequestParser, reads_the_four_forms_of_a_target) {
  struct Case {
    std::string_view line;
    TargetForm form;
    std::string_view path, query, host;
  };
  const std::vector<Case> cases = {
      {"GET /where?q=now HTTP/1.1", TargetForm::origin, "/where", "q=now", "h"},
      {"GET //two HTTP/1.1", TargetForm::origin, "//two", "", "h"},
      {"GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1", TargetForm::absolute, "/pub/WWW/TheProject.html",
       "", "www.example.org"},
      {"GET HTTPS://[::1]:8443?x HTTP/1.1", TargetForm::absolute, "/", "x", "[::1]:8443"},
      {"CONNECT www.example.com:80 HTTP/1.1", TargetForm::authority, "", "", "www.example.com:80"},
      {"OPTIONS * HTTP/1.1", TargetForm::asterisk, "", "", "h"},
  };
  for (const Case& c : cases) {
    RequestParser parser;
    const std::string text = std::string(c.line) + "\r\nHost: h\r\n\r\n";
    ASSERT_EQ(parser.parse(text), State::complete) << c.line << ": " << parser.refusal().reason;
    EXPECT_EQ(parser.head().form, c.form) << c.line;
    EXPECT_EQ(parser.head().path, c.path) << c.line;
    EXPECT_EQ(parser.head().query, c.query) << c.line;
    EXPECT_EQ(parser.head().host, c.host) << c.line;
  }
}

TEST(RequestParser, keeps_the_path_of_an_absolute_target_without_one_when_the_buffer_moves) {
  for (std::string_view text :
       {"GET http://h?x HTTP/1.1\r\nHost: h\r\n\r\n", "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    EXPECT_EQ(byte_by_byte(text), at_once(text));
    EXPECT_NE(at_once(text).find("|/|"), std::string::npos);
  }
}

TEST(RequestParser, accepts_what_is_odd_but_has_one_meaning) {
  for (std::string_view text : {
           "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET / HTTP/1.1\r\nHost:h\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n",
           "BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET /a|b?c={d}[e] HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nX-Latin: caf\xe9\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nX-Tab: a\tb\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 000\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: , chunked\r\n\r\n",
           "GET / HTTP/1.0\r\n\r\n",
       }) {
    EXPECT_EQ(status_of(text), 0) << text;
    EXPECT_EQ(byte_by_byte(text), at_once(text)) << text;
    EXPECT_NE(at_once(text), "need more") << text;
  }
}

struct Bad {
  std::string_view text;
  int status;
};
using namespace std::string_view_literals;

const std::vector<Bad>& malformed() {
  static const std::vector<Bad> table = {
      // request line
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {" GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /  HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"GET /\r\nHost: h\r\n\r\n", 400},
      {"GET\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\rHost: h\r\n\r\n", 400},
      {"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400},
      {"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /#top HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /\"<> HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / http/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/11\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1,1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"\x16\x03\x01\x02\r\n\r\n", 400},
      // target
      {"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET a/b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET http://user@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET www.example.com:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"CONNECT h HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      // field lines
      {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\nX: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\n\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX Y: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX(: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX\0: a\r\n\r\n"sv, 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX\xe9: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"sv, 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a long value with \x01 inside\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a long value with \x7f inside\r\n\r\n", 400},
      // host
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET http://h/ HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
      // lengths
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1 2\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1.0\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551616\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551615\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8388609\r\n\r\n", 413},
      // transfer codings
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\x0b"
       "chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n", 400},
      {"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      // expectations
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n", 417},
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n\r\n", 417},
  };
  return table;
}

TEST(RequestParser, refuses_each_malformed_or_smuggling_request_with_its_status) {
  ASSERT_GE(malformed().size(), 60u);
  for (const Bad& bad : malformed()) {
    EXPECT_EQ(status_of(bad.text), bad.status) << testing::PrintToString(bad.text) << "\n" << at_once(bad.text);
  }
}

TEST(RequestParser, gives_the_same_refusal_byte_by_byte) {
  for (const Bad& bad : malformed()) {
    EXPECT_EQ(byte_by_byte(bad.text), at_once(bad.text)) << testing::PrintToString(bad.text);
  }
}

TEST(RequestParser, keeps_the_limit_of_the_request_line) {
  const Limits limits{.start_line_bytes = 40};
  const auto request = [](std::size_t line) {
    return "GET /" + std::string(line - 14, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  };
  for (std::size_t line : {std::size_t{20}, std::size_t{40}}) EXPECT_EQ(status_of(request(line), limits), 0);
  for (std::size_t line : {std::size_t{41}, std::size_t{4000}}) {
    EXPECT_EQ(status_of(request(line), limits), 414);
    EXPECT_EQ(byte_by_byte(request(line), limits), at_once(request(line), limits));
  }
  EXPECT_EQ(status_of(std::string(42, 'G'), limits), 414);
  EXPECT_EQ(status_of(std::string(41, 'G'), limits), 0);
}

TEST(RequestParser, keeps_the_limit_of_header_bytes) {
  const Limits limits{.header_bytes = 64};
  const auto request = [](std::size_t bytes) {
    return "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(bytes - 9 - 5, 'a') + "\r\n\r\n";
  };
  for (std::size_t bytes : {std::size_t{63}, std::size_t{64}}) {
    EXPECT_EQ(status_of(request(bytes), limits), 0) << bytes;
    EXPECT_EQ(byte_by_byte(request(bytes), limits), at_once(request(bytes), limits)) << bytes;
  }
  for (std::size_t bytes : {std::size_t{65}, std::size_t{66}, std::size_t{6000}}) {
    EXPECT_EQ(status_of(request(bytes), limits), 431) << bytes;
    EXPECT_EQ(byte_by_byte(request(bytes), limits), at_once(request(bytes), limits)) << bytes;
  }
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + std::string(65, 'a'), limits), 431);
}

TEST(RequestParser, keeps_the_limit_of_the_header_count) {
  const auto request = [](int count) {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 1; i < count; ++i) text += "X: y\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(status_of(request(5), {.header_count = 5}), 0);
  EXPECT_EQ(status_of(request(6), {.header_count = 5}), 431);
  EXPECT_EQ(status_of(request(100)), 0);
  EXPECT_EQ(status_of(request(101)), 431);
  EXPECT_EQ(status_of(request(101), {.header_count = 1000}), 431);
  EXPECT_EQ(byte_by_byte(request(101)), at_once(request(101)));
}

TEST(RequestParser, keeps_the_limit_of_the_body) {
  const auto request = [](std::string_view length) {
    return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::string(length) + "\r\n\r\n";
  };
  EXPECT_EQ(status_of(request("10"), {.body_bytes = 10}), 0);
  EXPECT_EQ(status_of(request("11"), {.body_bytes = 10}), 413);
  EXPECT_EQ(status_of(request("99999999999"), {.body_bytes = 10}), 413);
}

TEST(RequestParser, stays_refused) {
  RequestParser parser;
  ASSERT_EQ(parser.parse("GET\r\n"), State::refused);
  EXPECT_EQ(parser.parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), State::refused);
}

}  // namespace
}  // namespace tutti::wire::http1
