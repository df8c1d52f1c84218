#include "wire/msgpack_rpc/message.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "wire/msgpack_rpc/pack.hpp"

namespace tutti::wire::msgpack_rpc {
namespace {

using namespace std::string_literals;

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    if (!out.empty()) out += ' ';
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string charge_request(Dialect dialect) {
  std::string out;
  append_request(out, 1, "payments.charge", dialect == Dialect::tutti ? Trailing::metadata : Trailing::nothing);
  append_array(out, 1);
  append_map(out, 1);
  append_text(out, "order");
  append_text(out, "o-17");
  if (dialect == Dialect::tutti) {
    append_metadata(out, {.remaining = std::chrono::milliseconds(1500), .idempotency_key = "o-17"});
  }
  return out;
}

std::string declined() {
  std::string value;
  append_map(value, 1);
  append_text(value, "reason");
  append_text(value, "over the limit");
  std::string error;
  append_error(error,
               {.code = Code::failed_precondition, .message = "declined", .type = "payments.Declined", .value = value});
  return error;
}

TEST(RpcMessage, reads_a_request_of_the_specification) {
  const std::string bytes = charge_request(Dialect::plain);

  const MessageResult result = parse_message(bytes, Dialect::plain);

  ASSERT_EQ(result.fault, "");
  EXPECT_EQ(result.message.kind, Kind::request);
  EXPECT_EQ(result.message.id, 1u);
  EXPECT_EQ(result.message.method, "payments.charge");
  EXPECT_EQ(result.message.metadata, "");
  const Argument argument = argument_of(result.message.params);
  EXPECT_EQ(argument.fault, "");
  EXPECT_EQ(hex(argument.argument), "81 a5 6f 72 64 65 72 a4 6f 2d 31 37");
}

TEST(RpcMessage, refuses_a_fifth_element_before_hello) {
  const std::string bytes = charge_request(Dialect::tutti);

  const MessageResult plain = parse_message(bytes, Dialect::plain);
  const MessageResult tutti = parse_message(bytes, Dialect::tutti);

  EXPECT_EQ(plain.fault, "a request has five elements; expected four before tutti.hello");
  EXPECT_TRUE(plain.answerable);
  EXPECT_EQ(plain.message.id, 1u);
  ASSERT_EQ(tutti.fault, "");
  const MetadataResult metadata = parse_metadata(tutti.message.metadata);
  EXPECT_EQ(metadata.fault, "");
  EXPECT_EQ(metadata.metadata.remaining, std::chrono::milliseconds(1500));
  EXPECT_EQ(metadata.metadata.idempotency_key, "o-17");
}

TEST(RpcMessage, reads_responses_with_a_result_or_an_error) {
  std::string good;
  append_response(good, 9, "\x05");
  std::string bad;
  append_error_response(bad, 9, declined());
  std::string nothing;
  append_response(nothing, UINT32_MAX, "");

  const Message result = parse_message(good, Dialect::plain).message;
  EXPECT_EQ(result.kind, Kind::response);
  EXPECT_EQ(result.id, 9u);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.result, "\x05");
  const RpcError error = parse_error(parse_message(bad, Dialect::plain).message.error);
  EXPECT_EQ(error.code, Code::failed_precondition);
  EXPECT_EQ(error.message, "declined");
  EXPECT_EQ(error.type, "payments.Declined");
  EXPECT_EQ(hex(error.value).substr(0, 5), "81 a6");
  EXPECT_EQ(parse_message(nothing, Dialect::plain).message.id, UINT32_MAX);
  EXPECT_EQ(parse_message(nothing, Dialect::plain).message.result, "\xc0");
}

TEST(RpcMessage, understands_errors_of_foreign_peers) {
  std::string text;
  append_text(text, "no such method");
  EXPECT_EQ(parse_error(text).message, "no such method");
  EXPECT_EQ(parse_error(text).code, Code::unknown);
  EXPECT_EQ(parse_error("\x05").code, Code::unknown);
  EXPECT_EQ(parse_error("").code, Code::unknown);
  std::string ok;
  append_error(ok, {.code = Code::ok});
  EXPECT_EQ(parse_error(ok).code, Code::unknown);
  std::string odd;
  append_map(odd, 2);
  append_text(odd, "code");
  append_text(odd, "NOT_OURS");
  append_text(odd, "message");
  append_unsigned(odd, 5);
  EXPECT_EQ(parse_error(odd).code, Code::unknown);
  EXPECT_EQ(parse_error(odd).message, "");
}

TEST(RpcMessage, refuses_malformed_messages) {
  struct Case {
    std::string bytes;
    std::string_view fault;
  };
  for (const Case& c : {
           Case{"\x92\x00\x01"s, "a message is not an array of three to five elements that begins with its kind"},
           Case{"\x94\xa1x\x01\xa1m\x90"s,
                "a message is not an array of three to five elements that begins with its kind"},
           Case{"\x94\x03\x01\xa1m\x90"s, "a message's kind is not 0, 1 or 2"},
           Case{"\x93\x00\x01\xa1m"s, "a request has three elements; expected four"},
           Case{"\x94\x00\xff\xa1m\x90"s, "a request's id is not a number of 32 bits"},
           Case{"\x94\x00\xcf\x00\x00\x00\x01\x00\x00\x00\x00\xa1m\x90"s, "a request's id is not a number of 32 bits"},
           Case{"\x94\x00\xa1i\xa1m\x90"s, "a request's id is not a number of 32 bits"},
           Case{"\x94\x00\x01\xa0\x90"s, "the method is not a text of 1 to 256 bytes"},
           Case{"\x94\x00\x01\xc4\x01m\x90"s, "the method is not a text of 1 to 256 bytes"},
           Case{"\x94\x00\x01\xa1m\x80"s, "params is not an array"},
           Case{"\x95\x00\x01\xa1m\x90\x90"s, "the metadata is not a map"},
           Case{"\x93\x01\x01\xc0"s, "a response has not four elements"},
           Case{"\x94\x01\x01\xc0"s, "a response's result is missing"},
           Case{"\x94\x02\xa1m\x90\xc0"s, "a notification has not three elements"},
       }) {
    EXPECT_EQ(parse_message(c.bytes, Dialect::tutti).fault, c.fault) << hex(c.bytes);
  }
  std::string long_name;
  append_notification(long_name, std::string(257, 'm'));
  append_array(long_name, 0);
  EXPECT_EQ(parse_message(long_name, Dialect::plain).fault, "the method is not a text of 1 to 256 bytes");
}

TEST(RpcMessage, takes_exactly_one_map_or_nothing_as_argument) {
  EXPECT_EQ(argument_of("\x90").fault, "");
  EXPECT_EQ(argument_of("\x90").argument, "");
  EXPECT_EQ(argument_of("\x91\x80").argument, "\x80");
  for (const std::string& params : {"\x91\x05"s, "\x92\x80\x80"s, "\x80"s, "\x91"s, ""s}) {
    EXPECT_EQ(argument_of(params).fault, "params is not an array of one map") << hex(params);
  }
}

TEST(RpcMetadata, carries_each_key_and_skips_unknown_ones) {
  const Metadata all{.remaining = std::chrono::milliseconds(90),
                     .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                     .tracestate = "a=1",
                     .identity = "orders",
                     .authorization = "Bearer t",
                     .idempotency_key = "k",
                     .request_id = "r"};
  std::string bytes;
  append_metadata(bytes, all);
  EXPECT_EQ(parse_metadata(bytes).metadata, all);
  EXPECT_EQ(parse_metadata("\x80").metadata, Metadata{});

  std::string grown;
  append_map(grown, 2);
  append_text(grown, "later");
  grown += "\x92\x01\x81\xa1x\xc0";
  append_text(grown, "identity");
  append_text(grown, "orders");
  EXPECT_EQ(parse_metadata(grown).metadata.identity, "orders");
}

TEST(RpcMetadata, refuses_malformed_maps) {
  EXPECT_EQ(parse_metadata("\x90").fault, "the metadata is not a map");
  EXPECT_EQ(parse_metadata("\x81\x01\x01").fault, "a key of the metadata is not a text");
  EXPECT_EQ(parse_metadata("\x81\xabidempotency").fault, "the metadata is malformed");
  EXPECT_EQ(parse_metadata("\x81\xa8identity\x05").fault, "a value of the metadata is not a text");
  EXPECT_EQ(parse_metadata("\x81\xab"
                           "deadline_ms\xff")
                .fault,
            "deadline_ms in the metadata is not a whole number of milliseconds");
  EXPECT_EQ(parse_metadata("\x82\xab"
                           "deadline_ms\x01\xab"
                           "deadline_ms\x02")
                .fault,
            "a key of the metadata is repeated");
  EXPECT_EQ(parse_metadata("\x82\xa8identity\xa1x\xa8identity\xa1y").fault, "a key of the metadata is repeated");
  EXPECT_EQ(parse_metadata("\x80\xc0").fault, "there are bytes behind the metadata");
  EXPECT_EQ(parse_metadata("\xde\x00\x41"s).fault, "the metadata has too many keys");
  std::string large;
  append_map(large, 1);
  append_text(large, "identity");
  append_text(large, std::string(metadata_text_bytes_max + 1, 'x'));
  EXPECT_EQ(parse_metadata(large).fault, "a value of the metadata is too long");
}

TEST(RpcMetadata, bounds_a_deadline_that_nobody_lives_to_see) {
  const auto parsed = parse_metadata(
      "\x81\xab"
      "deadline_ms\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
  EXPECT_EQ(parsed.fault, "");
  EXPECT_EQ(parsed.metadata.remaining, std::chrono::hours(24 * 365));
}

TEST(RpcHello, is_said_and_answered) {
  std::string request;
  append_hello(request, 0, {.service = "orders"});
  std::string reply;
  append_hello_reply(reply, 0, {});

  const Message said = parse_message(request, Dialect::plain).message;
  EXPECT_EQ(said.method, hello_method);
  const auto hello = parse_hello(argument_of(said.params).argument);
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->version, hello_version);
  EXPECT_EQ(hello->service, "orders");
  EXPECT_TRUE(parse_hello(parse_message(reply, Dialect::plain).message.result));
  for (const std::string& map : {"\x80"s, "\x81\xa7version\x00"s, "\x81\xa7version\xa1x"s, "\x90"s, ""s}) {
    EXPECT_FALSE(parse_hello(map)) << hex(map);
  }
}

TEST(RpcCancel, names_the_call_that_is_abandoned) {
  std::string bytes;
  append_cancel(bytes, 70000);
  const Message message = parse_message(bytes, Dialect::plain).message;
  EXPECT_EQ(message.method, cancel_method);
  EXPECT_EQ(parse_cancel(message.params), 70000u);
  EXPECT_EQ(parse_cancel("\x90"), std::nullopt);
  EXPECT_EQ(parse_cancel("\x91\xa1x"), std::nullopt);
}

TEST(Cursor, reads_numbers_of_every_format_that_is_not_negative) {
  const auto number = [](const std::string& bytes) { return Cursor(bytes).unsigned_number(); };
  EXPECT_EQ(number("\x7f"s), 127u);
  EXPECT_EQ(number("\xcc\xff"s), 255u);
  EXPECT_EQ(number("\xcd\xff\xff"s), 65535u);
  EXPECT_EQ(number("\xce\xff\xff\xff\xff"s), 4294967295u);
  EXPECT_EQ(number("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s), UINT64_MAX);
  EXPECT_EQ(number("\xd0\x05"s), 5u);
  EXPECT_EQ(number("\xd1\x01\x00"s), 256u);
  EXPECT_EQ(number("\xd0\x80"s), std::nullopt);
  EXPECT_EQ(number("\xff"s), std::nullopt);
  EXPECT_EQ(number("\xcd\x01"s), std::nullopt);
}

// docs/reference/wire.md shows bytes; they are what this code writes.
TEST(WireReference, shows_the_bytes_that_are_written) {
  std::ifstream file(TUTTI_SOURCE_DIR "/docs/reference/wire.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string document = text.str();
  const auto shows = [&document](std::string_view bytes) {
    return document.find("`" + hex(bytes) + "`") != std::string::npos;
  };

  std::string reply;
  append_response_head(reply, 1);
  append_map(reply, 1);
  append_text(reply, "id");
  append_text(reply, "r-1");
  std::string error;
  append_error_response(error, 1, declined());
  std::string hello;
  append_hello(hello, 0, {.service = "orders"});
  std::string hello_reply;
  append_hello_reply(hello_reply, 0, {});
  std::string cancel;
  append_cancel(cancel, 1);
  std::string goodbye;
  append_goodbye(goodbye);
  for (const std::string& bytes : {charge_request(Dialect::plain), charge_request(Dialect::tutti), reply, error, hello,
                                   hello_reply, cancel, goodbye}) {
    EXPECT_TRUE(shows(bytes)) << hex(bytes);
  }
}

}  // namespace
}  // namespace tutti::wire::msgpack_rpc
