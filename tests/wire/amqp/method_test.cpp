#include "wire/amqp/method.hpp"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>

#include "samples.hpp"

namespace tutti::wire::amqp {
namespace {

TEST(Method, every_method_is_read_back) {
  for_each_method([](const auto& method) {
    const std::string frame = frame_of(method, 3);
    const FrameResult read = read_frame(frame, frame_bytes_min);
    ASSERT_EQ(read.state, ReadState::complete) << method.key.name;
    EXPECT_EQ(read.frame.channel, 3);

    const MethodResult result = parse_method(read.frame.payload);

    EXPECT_EQ(result.fault, "") << method.key.name;
    EXPECT_EQ(result.method, Method(method)) << to_text(result.method);
    EXPECT_EQ(key_of(result.method).name, method.key.name);
  });
}

TEST(Method, every_cut_of_every_method_is_a_fault) {
  for_each_method([](const auto& method) {
    const std::string frame = frame_of(method);
    const std::string_view payload = payload_of(frame);
    for (std::size_t size = 0; size < payload.size(); ++size) {
      EXPECT_NE(parse_method(std::string(payload.substr(0, size))).fault, "") << method.key.name << " cut to " << size;
    }
  });
}

TEST(Method, bytes_behind_the_last_field_are_a_fault) {
  for_each_method([](const auto& method) {
    const std::string frame = frame_of(method);

    EXPECT_EQ(parse_method(std::string(payload_of(frame)) + "x").fault, "a method has bytes behind its last field");
  });
}

TEST(Method, the_bytes_are_those_of_the_specification) {
  const BasicPublish publish{.exchange = "e", .routing_key = "rk", .immediate = true};

  EXPECT_EQ(frame_of(publish), std::string("\x01\0\x01\0\0\0\x0C\0\x3C\0\x28\0\0\x01"
                                           "e\x02rk\x02\xCE",
                                           20));
}

TEST(Method, five_bits_share_a_byte_lowest_first) {
  const QueueDeclare declare{.queue = "q", .durable = true, .no_wait = true};

  const std::string frame = frame_of(declare);

  EXPECT_EQ(payload_of(frame), std::string_view("\0\x32\0\x0A\0\0\x01q\x12\0\0\0\0", 13));
}

TEST(Method, what_is_reserved_may_hold_anything) {
  std::string frame = frame_of(QueueDeclare{.queue = "q"});
  frame[frame_head_bytes + 5] = '\x01';  // the ticket of AMQP 0-8

  const MethodResult result = parse_method(payload_of(frame));

  EXPECT_EQ(result.fault, "");
  EXPECT_EQ(result.method, Method(QueueDeclare{.queue = "q"}));
}

TEST(Method, an_unknown_one_is_told_apart_from_a_malformed_one) {
  const MethodResult access_request = parse_method(std::string_view("\0\x1E\0\x0A", 4));
  const MethodResult malformed = parse_method(std::string_view("\0\x32\0\x0A", 4));

  EXPECT_FALSE(access_request.known);
  EXPECT_EQ(access_request.class_id, 30);
  EXPECT_EQ(access_request.method_id, 10);
  EXPECT_TRUE(malformed.known);
  EXPECT_NE(malformed.fault, "");
}

TEST(Method, numbers_of_classes_and_methods_are_never_out_of_range) {
  for (const std::string_view ids : {"\xFF\xFF\xFF\xFF", "\0\x5A\xFF\xFF", "\0\x5B\0\x0A", "\0\x3C\0\x80"}) {
    EXPECT_FALSE(parse_method(std::string(ids.data(), 4)).known);
  }
}

TEST(Method, a_malformed_table_is_a_fault) {
  std::string frame = frame_of(QueueDeclare{.queue = "q", .arguments = {std::string_view("\x01kZ\x01", 4)}});

  EXPECT_EQ(parse_method(payload_of(frame)).fault, "a method's table is malformed or too deep");
}

TEST(Method, a_short_string_has_255_bytes_at_most) {
  std::string out = "before";

  append_method(out, 1, QueueDeclare{.queue = std::string_view(std::string(255, 'q'))});
  out.resize(6);
  EXPECT_THROW(append_method(out, 1, QueueDeclare{.queue = std::string_view(std::string(256, 'q'))}),
               std::length_error);

  EXPECT_EQ(out, "before");
}

TEST(Method, its_text_has_what_is_set_and_no_secret) {
  TableBuilder arguments;
  arguments.integer("x-expires", 300'000);

  EXPECT_EQ(to_text(QueueDeclare{.queue = "q", .durable = true, .arguments = arguments.table()}),
            "queue.declare queue=\"q\" durable=true arguments={x-expires: 300000}");
  EXPECT_EQ(to_text(ConnectionStartOk{.mechanism = "PLAIN", .response = {"\0guest\0secret", 13}}),
            "connection.start-ok mechanism=\"PLAIN\" response=\"(secret)\"");
  EXPECT_EQ(to_text(BasicQosOk{}), "basic.qos-ok");
}

}  // namespace
}  // namespace tutti::wire::amqp
