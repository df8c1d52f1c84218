// Writing JSON: what leaves, and what may not.
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "message/everything.hpp"
#include "message/json_text.hpp"
#include "message/validate.hpp"

namespace json_writer {

using everything::json_of;

struct One {
  double value;
};
struct Limited {
  tutti::Range<int, 1, 3> number = 1;
  tutti::Text<0, 2> text;
  tutti::Pattern<"a*"> letters;
  tutti::Items<int, 0, 1> items;
  everything::Currency currency = everything::Currency::eur;
};
struct Span {
  int from;
  int to;
};
void check(const Span& span, tutti::Violations& violations) {
  if (span.from > span.to) violations.add("from", "at most \"to\"", std::to_string(span.from));
}
struct Reply {
  int status;
  std::string etag;
  std::string body;
};
constexpr auto describe(tutti::Of<Reply>) {
  return tutti::about("", tutti::status(&Reply::status), tutti::header("etag", &Reply::etag));
}

std::string in_memory(const auto& value) {
  return tutti::message::validate(tutti::detail::shape_of<std::remove_cvref_t<decltype(value)>>(), &value).to_string();
}

TEST(JsonWriter, writes_every_kind) { EXPECT_EQ(json_of(everything::sample()), everything::sample_json); }

TEST(JsonWriter, writes_doubles_that_read_back_exactly) {
  for (const double number : {0.1, 1.0, -0.0, 1e22, 1e300, 5e-324, 1.7976931348623157e308, 123456789.123456789}) {
    One read{};
    EXPECT_EQ(everything::wrong_in_json(json_of(One{number}), read), "");
    EXPECT_EQ(std::signbit(read.value), std::signbit(number));
    EXPECT_EQ(read.value, number);
  }
  EXPECT_EQ(json_of(One{1}), R"({"value":1})");
}

// Decimals with few digits are written by a way of their own; it must find the very text of the standard library.
TEST(JsonWriter, writes_each_double_as_the_standard_library_does) {
  std::vector<double> numbers{0.0,     -0.0, 1e-3, 0.00105,   99'999,  100'000,
                              123'450, 1e9,  1e15, 0.1 + 0.2, 1.0 / 3, 5e-324};
  std::mt19937_64 random(7);
  for (const double scale : {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7}) {
    for (const std::uint64_t below : {10u, 1'000u, 1'000'000u, 1'000'000'000u, 4'000'000'000u}) {
      for (int i = 0; i < 500; ++i) numbers.push_back(static_cast<double>(random() % below) / scale);
    }
  }
  for (int i = 0; i < 5'000; ++i) {
    const auto any = std::bit_cast<double>(random());
    if (std::isfinite(any)) numbers.push_back(any);
    numbers.push_back(std::nextafter(numbers[static_cast<std::size_t>(i)], 1e9));
    numbers.push_back(-numbers[static_cast<std::size_t>(i)]);
  }
  for (const double number : numbers) {
    char text[32];
    const std::string_view expected(
        text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, number).ptr - text));
    EXPECT_EQ(json_of(One{number}), "{\"value\":" + std::string(expected) + "}");
  }
}

TEST(JsonWriter, escapes_at_every_offset_of_a_word) {
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string text = std::string(before, 'a') + "\"\\\x01" + std::string(before, 'b');
    tutti::message::Buffer out;
    EXPECT_TRUE(tutti::message::write_json_text(out, text));
    EXPECT_EQ(out.view(), '"' + std::string(before, 'a') + R"(\"\\\u0001)" + std::string(before, 'b') + '"');
  }
}

TEST(JsonWriter, writes_nothing_if_something_may_not_leave) {
  std::string out = "before";
  const One one{std::nan("")};

  const auto violations = tutti::message::write_json(tutti::detail::shape_of<One>(), &one, out);

  EXPECT_EQ(violations.to_string(), "value: expected a number, found not a number");
  EXPECT_EQ(out, "before");
}

TEST(JsonWriter, holds_constrained_types_where_a_message_leaves) {
  const Limited value{4, "abc", "b", std::vector<int>{1, 2}, static_cast<everything::Currency>(9)};
  constexpr auto wrong =
      "number: expected a whole number from 1 to 3, found 4; "
      "text: expected a text of at most 2 characters, found 3 characters; "
      "letters: expected a text that matches a*, found \"b\"; "
      "items: expected a list of at most 1 item, found 2 items; "
      "currency: expected one of eur, usd, gbp, found 9";

  EXPECT_EQ(json_of(value), "refused: " + std::string(wrong));
  EXPECT_EQ(everything::msgpack_of(value), "refused: " + std::string(wrong));
  EXPECT_EQ(in_memory(value), wrong);
}

TEST(JsonWriter, refuses_text_that_is_not_utf_8) {
  everything::Node node{"a\xFF", {}};
  EXPECT_EQ(json_of(node), "refused: name: expected valid UTF-8, found \"a?\"");
  EXPECT_EQ(everything::msgpack_of(node), "refused: name: expected valid UTF-8, found \"a?\"");
  EXPECT_EQ(in_memory(node), "name: expected valid UTF-8, found \"a?\"");
}

TEST(JsonWriter, runs_a_types_own_check) {
  EXPECT_EQ(json_of(Span{2, 1}), "refused: from: expected at most \"to\", found 2");
  EXPECT_EQ(everything::msgpack_of(Span{2, 1}), "refused: from: expected at most \"to\", found 2");
  EXPECT_EQ(in_memory(Span{2, 1}), "from: expected at most \"to\", found 2");
}

TEST(JsonWriter, leaves_out_what_travels_elsewhere) {
  const Reply reply{201, "v1", "hello"};
  std::string out;
  EXPECT_TRUE(tutti::message::write_json(tutti::detail::shape_of<Reply>(), &reply, out,
                                         {.http_fields = tutti::message::HttpFields::elsewhere})
                  .empty());
  EXPECT_EQ(out, R"({"body":"hello"})");
  EXPECT_EQ(json_of(reply), R"({"status":201,"etag":"v1","body":"hello"})");
}

TEST(JsonWriter, refuses_values_deeper_than_readers_take) {
  everything::Node node{"leaf", {}};
  for (int i = 0; i < 40; ++i) node = {"n", {node}};
  EXPECT_NE(json_of(node).find("levels of objects and lists"), std::string::npos);
  EXPECT_NE(everything::msgpack_of(node).find("levels of maps and arrays"), std::string::npos);
  EXPECT_NE(in_memory(node), "");
}

TEST(JsonWriter, repairs_text_where_it_must_write_something) {
  std::string out;
  tutti::message::append_json_text(out, "a\xFFz");
  EXPECT_EQ(out, "\"a\xEF\xBF\xBDz\"");
}

}  // namespace json_writer
