#include "wire/websocket/handshake.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tutti::wire::websocket {
namespace {

// The example of RFC 6455 section 1.3, with one line changed or added.
std::string request_of(std::string_view method_line = "GET /chat HTTP/1.1",
                       std::string_view upgrade = "Upgrade: websocket",
                       std::string_view connection = "Connection: Upgrade",
                       std::string_view key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                       std::string_view version = "Sec-WebSocket-Version: 13") {
  std::string text;
  for (const std::string_view line :
       {method_line, std::string_view("Host: server.example.com"), upgrade, connection, key, version}) {
    if (!line.empty()) text.append(line).append("\r\n");
  }
  return text + "\r\n";
}

int status_of(const std::string& request) {
  http1::RequestParser parser;
  if (parser.parse(request) != http1::RequestParser::State::complete) return -1;
  return handshake_fault(parser.head()).status;
}

TEST(Handshake, answers_the_example_of_rfc_6455) {
  const std::string request = request_of();
  http1::RequestParser parser;
  ASSERT_EQ(parser.parse(request), http1::RequestParser::State::complete);

  EXPECT_FALSE(handshake_fault(parser.head()));
  EXPECT_EQ(accept_of(parser.head()), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, hashes_texts_of_every_length_to_a_block_and_beyond) {
  // The other keys have lengths at the edges of SHA-1's padding; the answers are openssl's.
  EXPECT_EQ(accept_of_key("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
  EXPECT_EQ(accept_of_key(std::string(19, 'k')), "tWclcP21hrR+xgjYVswtQRW71GQ=");
  EXPECT_EQ(accept_of_key(std::string(20, 'k')), "tSsjsIAvEVIQ+IC5K8+T/OkG8nU=");
  EXPECT_EQ(accept_of_key(std::string(100, 'k')), "rWzVOVhJgr+k5nChyKqRW0+OIwk=");
}

TEST(Handshake, takes_what_browsers_and_proxies_make_of_the_names) {
  EXPECT_EQ(status_of(request_of("GET /chat HTTP/1.1", "UPGRADE: WebSocket", "connection: keep-alive, UPGRADE")), 0);
  EXPECT_EQ(status_of(request_of("GET /chat HTTP/1.1", "Upgrade: h2c, websocket")), 0);
}

TEST(Handshake, asks_for_an_upgrade_where_none_was_asked_for) {
  EXPECT_EQ(status_of(request_of("GET /chat HTTP/1.1", "")), 426);
  EXPECT_EQ(status_of(request_of("GET /chat HTTP/1.1", "Upgrade: h2c")), 426);
  EXPECT_EQ(status_of(request_of("GET /chat HTTP/1.1", "Upgrade: websocket", "Connection: keep-alive")), 426);
  EXPECT_EQ(status_of(request_of("POST /chat HTTP/1.1")), 426);
  EXPECT_EQ(status_of(request_of("GET /chat HTTP/1.0")), 426);
  EXPECT_EQ(status_of(request_of("GET /chat HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade",
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 8")),
            426);
  EXPECT_EQ(status_of(request_of("GET /chat HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade",
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "")),
            426);
}

TEST(Handshake, refuses_a_key_that_is_none) {
  const auto with_key = [](std::string_view key) {
    return status_of(request_of("GET /chat HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade", key));
  };
  EXPECT_EQ(with_key(""), 400);
  EXPECT_EQ(with_key("Sec-WebSocket-Key: "), 400);
  EXPECT_EQ(with_key("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"), 400);
  EXPECT_EQ(with_key("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE="), 400) << "17 bytes";
  EXPECT_EQ(with_key("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400)
      << "two of them";
}

TEST(Handshake, refuses_a_body) {
  EXPECT_EQ(status_of(request_of("GET /chat HTTP/1.1", "Upgrade: websocket\r\nContent-Length: 3")), 400);
  EXPECT_EQ(status_of(request_of("GET /chat HTTP/1.1", "Upgrade: websocket\r\nContent-Length: 0")), 0);
  EXPECT_EQ(status_of(request_of("GET /chat HTTP/1.1", "Upgrade: websocket\r\nTransfer-Encoding: chunked")), 400);
}

TEST(Handshake, lets_in_pages_of_the_same_host_or_of_a_named_origin) {
  const std::vector<std::string> none, named{"https://shop.example", "http://localhost:3000"}, any{"*"};

  EXPECT_TRUE(origin_allowed("https://shop.example", "shop.example", none));
  EXPECT_TRUE(origin_allowed("http://Shop.example:8080", "shop.example:8080", none));
  EXPECT_TRUE(origin_allowed("", "shop.example", none)) << "no browser";
  for (const char* origin : {"https://evil.example", "https://shop.example.evil.example", "https://shop.example:8443",
                             "null", "shop.example"}) {
    EXPECT_FALSE(origin_allowed(origin, "shop.example", none)) << origin;
  }
  EXPECT_TRUE(origin_allowed("http://localhost:3000", "shop.example", named));
  EXPECT_FALSE(origin_allowed("http://shop.example", "shop.example", named)) << "another scheme than the named one";
  EXPECT_TRUE(origin_allowed("null", "shop.example", any));
}

// What is agreed on, or the fault in brackets, for these lines of a request and the protocols chat.v1 and chat.v2.
std::string agreed(const std::vector<std::string>& lines) {
  std::string text = request_of();
  text.resize(text.size() - 2);
  for (const std::string& line : lines) text += "Sec-WebSocket-Protocol: " + line + "\r\n";
  text += "\r\n";
  http1::RequestParser parser;
  if (parser.parse(text) != http1::RequestParser::State::complete) return "no request";
  static constexpr std::string_view spoken[] = {"chat.v1", "chat.v2"};
  const Offer offer = choose_protocol(parser.head().fields, spoken);
  return offer.fault.empty() ? offer.chosen : "(" + offer.fault + ")";
}

TEST(Subprotocols, are_chosen_in_the_clients_order) {
  EXPECT_EQ(agreed({"chat.v2, chat.v1"}), "chat.v2");
  EXPECT_EQ(agreed({"mqtt", "other , chat.v1", "chat.v2"}), "chat.v1");
  EXPECT_EQ(agreed({}), "");
}

TEST(Subprotocols, are_refused_when_none_is_spoken_or_the_list_is_none) {
  EXPECT_EQ(agreed({"mqtt"}),
            "(none of the subprotocols that were offered is spoken here; these are: chat.v1 chat.v2)");
  EXPECT_EQ(agreed({"Chat.V1"}).substr(0, 5), "(none");  // case counts
  EXPECT_EQ(agreed({"chat.v1, chat.v1"}), "(Sec-WebSocket-Protocol must be a list of different tokens)");
  EXPECT_EQ(agreed({"chat v1"}), "(Sec-WebSocket-Protocol must be a list of different tokens)");
}

TEST(Subprotocols, of_a_client_do_not_matter_where_none_is_spoken) {
  const std::string text = request_of("GET / HTTP/1.1", "Upgrade: websocket", "Sec-WebSocket-Protocol: mqtt, mqtt");
  http1::RequestParser parser;
  ASSERT_EQ(parser.parse(text), http1::RequestParser::State::complete);

  EXPECT_EQ(choose_protocol(parser.head().fields, {}).fault, "");
}

}  // namespace
}  // namespace tutti::wire::websocket
