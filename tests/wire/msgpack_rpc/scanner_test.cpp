#include "wire/msgpack_rpc/scanner.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/msgpack_rpc/message.hpp"

namespace tutti::wire::msgpack_rpc {
namespace {

using State = MessageScanner::State;
using namespace std::string_literals;

std::string answer(const MessageScanner& scanner, State state) {
  if (state == State::need_more) return "need more";
  return state == State::refused ? std::string(scanner.fault()) : "complete " + std::to_string(scanner.bytes());
}
std::string at_once(std::string_view bytes, const ScanLimits& limits = {}) {
  MessageScanner scanner(limits);
  const State state = scanner.scan(bytes);
  return answer(scanner, state);
}
std::string byte_by_byte(std::string_view bytes, const ScanLimits& limits = {}) {
  MessageScanner scanner(limits);
  State state = State::need_more;
  for (std::size_t size = 0; size <= bytes.size() && state == State::need_more; ++size) {
    const std::vector<char> exact(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    state = scanner.scan({exact.data(), exact.size()});
  }
  return answer(scanner, state);
}

// A request whose parameter has a value of every format.
std::string everything() {
  std::string m;
  append_request(m, 7, "a.b", Trailing::nothing);
  append_array(m, 24);
  m += "\xc0\xc2\xc3\x05\xff"s;
  m += "\xc4\x02xy\xc5\x00\x02xy\xc6\x00\x00\x00\x02xy"s;
  m += "\xc7\x01\x05z\xc8\x00\x01\x05z\xc9\x00\x00\x00\x01\x05z"s;
  m += "\xca\x00\x00\x00\x00\xcb\x00\x00\x00\x00\x00\x00\x00\x00"s;
  m += "\xcc\x80\xcd\x80\x00\xd3\x00\x00\x00\x00\x00\x00\x00\x00"s;
  m += "\xd6\xff\x00\x00\x00\x00\xd8\x01"s + "0123456789abcdef";
  m += "\xa1q\xd9\x01q\xda\x00\x01q\xdb\x00\x00\x00\x01q"s;
  m += "\xdd\x00\x00\x00\x00"s + "\xde\x00\x01\xa1k\x91\x80"s;
  return m;
}

TEST(MessageScanner, finds_the_end_of_a_message_with_every_format_at_every_cut) {
  const std::string message = everything();
  const std::string expected = "complete " + std::to_string(message.size());

  EXPECT_EQ(at_once(message), expected);
  EXPECT_EQ(at_once(message + "next"), expected);
  EXPECT_EQ(byte_by_byte(message), expected);
  for (std::size_t size = 0; size < message.size(); ++size)
    EXPECT_EQ(at_once(message.substr(0, size)), "need more") << size;
  EXPECT_EQ(parse_message(message, Dialect::plain).fault, "");
}

TEST(MessageScanner, refuses_what_is_no_message_at_its_first_bytes) {
  for (const std::string& bytes :
       {"\x80"s, "\xa1x"s, "\x92"s, "\x96"s, "\xdc\x00\x06"s, "\x01"s, "GET / HTTP/1.1\r\n"s, "\xc0"s}) {
    EXPECT_EQ(at_once(bytes), "a message is not an array of three to five elements");
    EXPECT_EQ(byte_by_byte(bytes), at_once(bytes));
  }
  EXPECT_EQ(at_once("\x93\x02\xc1"s), "there is a byte 0xc1, which MessagePack never uses");
}

TEST(MessageScanner, keeps_the_limit_of_a_messages_size_before_the_bytes_arrive) {
  std::string message = "\x93\x02\xa1m\x91"s;
  const std::size_t head = message.size() + 2;
  message += "\xc4\x0a"s + "0123456789";

  EXPECT_EQ(at_once(message, {head + 10}), "complete " + std::to_string(head + 10));
  EXPECT_EQ(at_once(message.substr(0, head), {head + 9}), "a message is too large");
  EXPECT_EQ(at_once("\x93\x02\xdb\xff\xff\xff\xff"s), "a message is too large");
  EXPECT_EQ(at_once("\x93\x02\xa1m\xdd\xff\xff\xff\xff"s), "a message is too large");
  EXPECT_EQ(at_once("\x93\x02\xa1m\xdf\xff\xff\xff\xff"s), "a message is too large");
  EXPECT_EQ(byte_by_byte(message, {head + 9}), "a message is too large");
}

TEST(MessageScanner, keeps_the_limit_of_nesting) {
  const auto nested = [](std::size_t depth) { return "\x93\x02\xa1m"s + std::string(depth - 1, '\x91') + "\xc0"; };
  EXPECT_EQ(at_once(nested(Cursor::depth_max)), "complete " + std::to_string(4 + Cursor::depth_max));
  EXPECT_EQ(at_once(nested(Cursor::depth_max + 1)), "a message is nested too deeply");
  EXPECT_EQ(at_once("\x93"s + std::string(100000, '\x91')), "a message is nested too deeply");
}

TEST(MessageScanner, walks_messages_one_after_the_other) {
  std::string bytes;
  append_cancel(bytes, 5);
  const std::size_t first = bytes.size();
  append_goodbye(bytes);
  MessageScanner scanner;

  ASSERT_EQ(scanner.scan(bytes), State::complete);
  EXPECT_EQ(scanner.bytes(), first);
  scanner.clear();
  ASSERT_EQ(scanner.scan(std::string_view(bytes).substr(first)), State::complete);
  EXPECT_EQ(scanner.bytes(), bytes.size() - first);
}

}  // namespace
}  // namespace tutti::wire::msgpack_rpc
