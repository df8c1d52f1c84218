// MessagePack: the specification's formats, values both ways, and bytes that are none.
#include <gtest/gtest.h>

#include <limits>

#include "message/everything.hpp"

namespace msgpack {

using everything::json_of;
using everything::msgpack_of;
using everything::Point;
using everything::wrong_in_msgpack;
using tutti::message::Buffer;
using tutti::message::MsgpackCursor;
using tutti::message::MsgpackOut;
using namespace std::string_literals;

struct One {
  double value;
};
struct Narrow {
  float value;
};
struct Word {
  std::string value;
};
struct Moment {
  tutti::Time value;
};
struct Figure {
  std::variant<everything::Circle, everything::Square> value;
};
struct Wait {
  std::chrono::seconds value;
};
struct Table {
  std::map<std::string, int> value;
};

std::string written(auto write) {
  Buffer buffer;
  MsgpackOut out(buffer);
  write(out);
  return std::string(buffer.view());
}

std::string integer(std::int64_t number) {
  return written([number](MsgpackOut& out) { out.integer(number); });
}

TEST(Msgpack, reads_back_every_kind) {
  everything::Everything value{};

  EXPECT_EQ(wrong_in_msgpack(msgpack_of(everything::sample()), value), "");

  EXPECT_EQ(json_of(value), everything::sample_json);
}

TEST(Msgpack, refuses_every_proper_prefix) {
  const std::string whole = msgpack_of(everything::sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(wrong_in_msgpack<everything::Everything>(std::string_view(whole).substr(0, size)), "") << size;
  }
}

TEST(Msgpack, writes_integers_in_their_shortest_form) {
  EXPECT_EQ(integer(0), "\x00"s);
  EXPECT_EQ(integer(127), "\x7F"s);
  EXPECT_EQ(integer(128), "\xCC\x80"s);
  EXPECT_EQ(integer(255), "\xCC\xFF"s);
  EXPECT_EQ(integer(256), "\xCD\x01\x00"s);
  EXPECT_EQ(integer(65536), "\xCE\x00\x01\x00\x00"s);
  EXPECT_EQ(integer(4294967296), "\xCF\x00\x00\x00\x01\x00\x00\x00\x00"s);
  EXPECT_EQ(integer(-1), "\xFF"s);
  EXPECT_EQ(integer(-32), "\xE0"s);
  EXPECT_EQ(integer(-33), "\xD0\xDF"s);
  EXPECT_EQ(integer(-128), "\xD0\x80"s);
  EXPECT_EQ(integer(-129), "\xD1\xFF\x7F"s);
  EXPECT_EQ(integer(-32769), "\xD2\xFF\xFF\x7F\xFF"s);
  EXPECT_EQ(integer(-2147483649), "\xD3\xFF\xFF\xFF\xFF\x7F\xFF\xFF\xFF"s);
}

TEST(Msgpack, reads_integers_in_any_width) {
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{-32}, std::int64_t{-33}, std::int64_t{127}, std::int64_t{128},
        std::int64_t{32768}, std::int64_t{-32769}, std::numeric_limits<std::int64_t>::min(),
        std::numeric_limits<std::int64_t>::max()}) {
    const std::string bytes = integer(number);
    MsgpackCursor cursor(bytes);
    std::int64_t read = 0;
    EXPECT_TRUE(cursor.integer(read));
    EXPECT_EQ(read, number);
    EXPECT_TRUE(cursor.done());
  }
  Point point{};
  EXPECT_EQ(wrong_in_msgpack("\x82\xA1x\xCF\x00\x00\x00\x00\x00\x00\x00\x05\xA1y\xD3\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFB"s,
                             point),
            "");
  EXPECT_EQ(point.x, 5);
  EXPECT_EQ(point.y, -5);
}

TEST(Msgpack, knows_the_three_timestamps_of_the_specification) {
  const auto timestamp = [](std::int64_t nanoseconds) {
    return written([nanoseconds](MsgpackOut& out) { out.timestamp(nanoseconds); });
  };
  EXPECT_EQ(timestamp(1'000'000'000), "\xD6\xFF\x00\x00\x00\x01"s);
  EXPECT_EQ(timestamp(1), "\xD7\xFF\x00\x00\x00\x04\x00\x00\x00\x00"s);
  EXPECT_EQ(timestamp(-1), "\xC7\x0C\xFF\x3B\x9A\xC9\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s);
  for (const std::int64_t nanoseconds :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{1} << 62,
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    const std::string bytes = timestamp(nanoseconds);
    MsgpackCursor cursor(bytes);
    std::int64_t read = 0;
    EXPECT_TRUE(cursor.timestamp(read));
    EXPECT_EQ(read, nanoseconds);
  }
  EXPECT_NE(wrong_in_msgpack<Moment>("\x81\xA5value\xD7\xFF\xFF\xFF\xFF\xFF\x00\x00\x00\x00"s), "");  // 1.07e9 ns
  EXPECT_NE(wrong_in_msgpack<Moment>("\x81\xA5value\xD6\x01\x00\x00\x00\x01"s), "");                  // another type
}

TEST(Msgpack, holds_texts_of_every_header_width) {
  for (const std::size_t size : {0u, 31u, 32u, 255u, 256u, 65535u, 65536u}) {
    Word word{};
    EXPECT_EQ(wrong_in_msgpack(msgpack_of(Word{std::string(size, 'x')}), word), "");
    EXPECT_EQ(word.value.size(), size);
  }
}

TEST(Msgpack, says_what_is_wrong_with_paths) {
  EXPECT_EQ(wrong_in_msgpack<Point>("\x82\xA1x\xA3tow\xA1z\x01"s),
            "x: expected a whole number from -2147483648 to 2147483647, found \"tow\"; "
            "y: expected a whole number from -2147483648 to 2147483647, found nothing");
  EXPECT_EQ(wrong_in_msgpack<Point>("\x82\xA1x\x01\xA1x\x02"s).substr(0, 40),
            "x: expected the field once, found it aga");
  EXPECT_EQ(wrong_in_msgpack<Point>("\x83\xA1x\x01\xA1y\x02\xA1z\xC0"s, {.unknown = tutti::message::Unknown::refuse}),
            "z: expected no such field, found one");
  EXPECT_EQ(wrong_in_msgpack<Point>("\x82\xA1x\x01\xA1y\x02\x00"s), "expected the end, found 1 bytes more");
  EXPECT_EQ(wrong_in_msgpack<Point>("\x82\x01\x01\xA1y\x02"s).substr(0, 35), "expected a text as key, found 1; x:");
  EXPECT_EQ(wrong_in_msgpack<Point>(""), "expected an object, found nothing");
  EXPECT_EQ(wrong_in_msgpack<Word>("\x81\xA5value\xA1\xFF"s), "value: expected valid UTF-8, found \"?\"");
  EXPECT_EQ(wrong_in_msgpack<Wait>("\x81\xA5value\x01"s),
            "value: expected a whole number of nanoseconds that fits the field, found 1");
  EXPECT_EQ(wrong_in_msgpack<Table>("\x81\xA5value\x82\xA1"
                                    "a\x01\xA1"
                                    "a\x02"s),
            "value[\"a\"]: expected the key once, found it again");
}

TEST(Msgpack, takes_an_integer_for_a_float_only_if_it_fits_exactly) {
  One one{};
  EXPECT_EQ(wrong_in_msgpack("\x81\xA5value\x07"s, one), "");
  EXPECT_EQ(one.value, 7);
  EXPECT_NE(wrong_in_msgpack<One>("\x81\xA5value\xCF\x00\x20\x00\x00\x00\x00\x00\x01"s), "");
  EXPECT_NE(wrong_in_msgpack<One>("\x81\xA5value\xCB\x7F\xF8\x00\x00\x00\x00\x00\x00"s), "");
  EXPECT_NE(wrong_in_msgpack<Narrow>("\x81\xA5value\xCB\x7F\xEF\xFF\xFF\xFF\xFF\xFF\xFF"s), "");
}

TEST(Msgpack, takes_a_variants_tag_anywhere) {
  Figure figure{};
  EXPECT_EQ(wrong_in_msgpack("\x81\xA5value\x83\xA4side\x02\xA6"
                             "corner\x82\xA1x\x01\xA1y\x01\xA4type\xA6Square"s,
                             figure),
            "");
  EXPECT_EQ(json_of(figure), R"({"value":{"type":"Square","corner":{"x":1,"y":1},"side":2}})");
  EXPECT_EQ(wrong_in_msgpack<Figure>("\x81\xA5value\x81\xA4type\xA4Star"s),
            "value.type: expected one of Circle, Square, found \"Star\"");
  EXPECT_EQ(wrong_in_msgpack<Figure>("\x81\xA5value\x80"s),
            "value.type: expected one of Circle, Square, found nothing");
}

TEST(Msgpack, keeps_to_its_limits) {
  const auto nested = [](std::size_t levels) {
    return "\x83\xA1x\x01\xA1y\x02\xA1z"s + std::string(levels - 2, '\x91') + "\x90";
  };
  EXPECT_EQ(wrong_in_msgpack<Point>(nested(64)), "");
  EXPECT_NE(wrong_in_msgpack<Point>(nested(65)), "");
  EXPECT_NE(wrong_in_msgpack<Point>(nested(100'000)), "");
  EXPECT_NE(wrong_in_msgpack<Point>(nested(4), {.depth_max = 3}), "");
  // A count that cannot be true costs nothing.
  EXPECT_NE(wrong_in_msgpack<everything::Node>("\x82\xA4name\xA0\xA8"
                                               "children\xDD\xFF\xFF\xFF\xFF"s),
            "");
  EXPECT_NE(wrong_in_msgpack<Point>("\x82\xA1x\x01\xA1y\x02"s, {.bytes_max = 6}), "");
}

TEST(Msgpack, cursor_reads_an_envelope_and_skips_what_it_does_not_know) {
  const std::string bytes = written([](MsgpackOut& out) {
    out.array(4);
    out.unsigned_integer(0);
    out.unsigned_integer(4294967295);
    out.text("greeter.hello");
    out.map(2);
    out.text("name");
    out.nil();
    out.text("list");
    out.array(3);
    out.boolean(true);
    out.binary("\x01\x02");
    out.float64(0.5);
  });
  MsgpackCursor cursor(bytes);
  std::uint32_t count = 0;
  std::uint64_t number = 0;
  std::string_view text;
  std::string_view raw;

  EXPECT_TRUE(cursor.array(count) && cursor.unsigned_integer(number) && cursor.unsigned_integer(number) &&
              cursor.text(text) && cursor.raw(raw));

  EXPECT_EQ(count, 4u);
  EXPECT_EQ(number, 4294967295u);
  EXPECT_EQ(text, "greeter.hello");
  EXPECT_EQ(raw, std::string_view(bytes).substr(21));
  EXPECT_TRUE(cursor.done());
}

TEST(Msgpack, cursor_tells_missing_bytes_from_wrong_ones) {
  std::string_view text;
  MsgpackCursor half(
      "\xD9\x05"
      "ab");
  EXPECT_FALSE(half.text(text));
  EXPECT_EQ(half.failure(), MsgpackCursor::Failure::truncated);
  EXPECT_EQ(half.position(), 0u);
  MsgpackCursor other("\x01");
  EXPECT_FALSE(other.text(text));
  EXPECT_EQ(other.failure(), MsgpackCursor::Failure::other_type);
  MsgpackCursor never_used("\xC1");
  EXPECT_FALSE(never_used.skip());
  EXPECT_EQ(never_used.failure(), MsgpackCursor::Failure::other_type);
}

}  // namespace msgpack
