// Reading JSON: every kind, every violation with its path and words, and the limits.
#include <gtest/gtest.h>

#include <cmath>

#include "message/everything.hpp"

namespace json_reader {

using everything::json_of;
using everything::Point;
using everything::sample_json;
using everything::wrong_in_json;

enum class State { open, paid };
struct Line {
  std::string sku;
  tutti::Range<int, 1, 100> quantity;
};
struct Order {
  tutti::Text<1, 4> customer;
  tutti::Items<Line, 1, 2> lines;
  State state = State::open;
  std::optional<int> rank;
  std::int64_t total = 0;
};
struct Span {
  int from;
  int to;
};
void check(const Span& span, tutti::Violations& violations) {
  if (span.from > span.to) violations.add("from", "at most \"to\"", std::to_string(span.from));
}
struct Spans {
  std::vector<Span> spans;
};
struct One {
  double value;
};
struct Single {
  float value;
};
struct Big {
  std::int64_t value;
};
struct BigUnsigned {
  std::uint64_t value;
};
struct Word {
  std::string value;
};
struct Blob {
  tutti::Bytes value = {};
};
struct Figure {
  std::variant<everything::Circle, everything::Square> value;
};
struct Table {
  std::map<std::string, int> value;
};
struct Defaults {
  std::vector<int> ports = {1, 2};
};
struct Login {
  tutti::Secret password;
  int attempt;
};
struct Tagged {
  std::string id;
  std::string etag;
};
constexpr auto describe(tutti::Of<Tagged>) {
  return tutti::about("", tutti::field(&Tagged::id).named("x-id"), tutti::header("etag", &Tagged::etag));
}

double number_from(std::string text) {
  One one{};
  EXPECT_EQ(wrong_in_json("{\"value\":" + text + "}", one), "") << text;
  return one.value;
}

TEST(JsonReader, reads_every_kind_and_writes_it_back) {
  everything::Everything value{};

  EXPECT_EQ(wrong_in_json(sample_json, value), "");

  EXPECT_EQ(json_of(value), sample_json);
  EXPECT_FALSE(value.place.has_value());
  EXPECT_EQ(value.text, everything::sample().text);
}

TEST(JsonReader, takes_fields_in_any_order_with_any_space) {
  Order order{};

  EXPECT_EQ(
      wrong_in_json(" { \"lines\" : [ { \"quantity\" : 3 , \"sku\" : \"mug\" } ] ,\n\t\"customer\":\"ada\"\r} ", order),
      "");

  EXPECT_EQ(json_of(order), R"({"customer":"ada","lines":[{"sku":"mug","quantity":3}],"state":"open","total":0})");
}

TEST(JsonReader, finds_a_key_that_is_spelled_with_escapes) {
  Point point{};
  EXPECT_EQ(wrong_in_json(R"({"\u0078":1,"y":2})", point), "");
  EXPECT_EQ(point.x, 1);
}

TEST(JsonReader, says_all_that_is_wrong_at_once_with_paths) {
  EXPECT_EQ(wrong_in_json<Order>(R"({"customer":"","lines":[{"sku":7,"quantity":1},{"quantity":101}],"state":"lost",)"
                                 R"("rank":"x","total":1.5})"),
            "customer: expected a text of 1 to 4 characters, found 0 characters; "
            "lines[0].sku: expected a text, found 7; "
            "lines[1].quantity: expected a whole number from 1 to 100, found 101; "
            "lines[1].sku: expected a text, found nothing; "
            "state: expected one of open, paid, found \"lost\"; "
            "rank: expected a whole number from -2147483648 to 2147483647, found \"x\"; "
            "total: expected a whole number from -9223372036854775808 to 9223372036854775807, found 1.5");
}

TEST(JsonReader, says_what_is_missing) {
  EXPECT_EQ(wrong_in_json<Order>("{}"),
            "customer: expected a text of 1 to 4 characters, found nothing; "
            "lines: expected a list of 1 to 2 items, found nothing");
  EXPECT_EQ(wrong_in_json<Order>(""), "expected an object, found nothing");
  EXPECT_EQ(wrong_in_json<Order>("  "), "expected an object, found nothing");
}

TEST(JsonReader, names_what_it_found_instead) {
  EXPECT_EQ(wrong_in_json<Point>(R"({"x":{"a":[1]},"y":[1,{}]})"),
            "x: expected a whole number from -2147483648 to 2147483647, found an object; "
            "y: expected a whole number from -2147483648 to 2147483647, found a list");
  EXPECT_EQ(wrong_in_json<Point>(R"([1])"), "expected an object, found a list");
  EXPECT_EQ(wrong_in_json<Point>(R"(null)"), "expected an object, found null");
}

TEST(JsonReader, refuses_a_key_that_comes_twice) {
  EXPECT_EQ(wrong_in_json<Point>(R"({"x":1,"y":2,"x":3})"), "x: expected the field once, found it again");
  EXPECT_EQ(wrong_in_json<Table>(R"({"value":{"a":1,"a":2}})"), "value[\"a\"]: expected the key once, found it again");
}

TEST(JsonReader, ignores_unknown_fields_or_refuses_them) {
  constexpr auto text = R"({"x":1,"z":{"deep":[1,"a",null,true,false,1.5e3]},"y":2})";

  EXPECT_EQ(wrong_in_json<Point>(text), "");
  EXPECT_EQ(wrong_in_json<Point>(text, {.unknown = tutti::message::Unknown::refuse}),
            "z: expected no such field, found one");
}

TEST(JsonReader, refuses_malformed_json_also_where_it_ignores) {
  for (const auto* inside :
       {"tru", "01",  "1.", "-", "\"\\x\"", "\"\\u12\"", "[1 2]", "{\"a\"}", "[1,]", "{\"a\":1,}", "{1:2}", "\"\x01\"",
        "'a'", "nan", "[",  "{", "\"",      "[}",        "+1",    ".5",      "1e",   "1e+",        "\xFF"}) {
    const std::string text = "{\"x\":1,\"y\":2,\"z\":" + std::string(inside) + "}";
    EXPECT_NE(wrong_in_json<Point>(text), "") << text;
  }
}

TEST(JsonReader, says_where_json_breaks) {
  EXPECT_EQ(wrong_in_json<Point>(R"({"x":1 "y":2})"),
            "expected valid JSON, found \"\"y\":2}\" at byte 7 where a comma or } should be");
  EXPECT_EQ(wrong_in_json<Order>(R"({"lines":[{"sku":"a",)"),
            "lines[0]: expected valid JSON, found the end of the text at byte 21 where a key should be");
  EXPECT_EQ(wrong_in_json<Point>(R"({"x":1,"y":2} x)"),
            "expected valid JSON, found \"x\" at byte 14 after the document's end");
}

TEST(JsonReader, refuses_every_proper_prefix) {
  const std::string whole = sample_json;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(wrong_in_json<everything::Everything>(whole.substr(0, size)), "") << size;
  }
}

TEST(JsonReader, holds_integers_to_their_type) {
  EXPECT_EQ(
      wrong_in_json<Big>(R"({"value":9223372036854775808})"),
      "value: expected a whole number from -9223372036854775808 to 9223372036854775807, found 9223372036854775808");
  EXPECT_EQ(wrong_in_json<BigUnsigned>(R"({"value":-1})"),
            "value: expected a whole number from 0 to 18446744073709551615, found -1");
  EXPECT_NE(wrong_in_json<BigUnsigned>(R"({"value":18446744073709551616})"), "");
  EXPECT_NE(wrong_in_json<BigUnsigned>(R"({"value":100000000000000000000000000000000})"), "");
  EXPECT_EQ(wrong_in_json<BigUnsigned>(R"({"value":-0})"), "");
  EXPECT_NE(wrong_in_json<Big>(R"({"value":1e3})"), "");
}

TEST(JsonReader, takes_64_bits_also_as_decimal_text) {
  Big big{};
  EXPECT_EQ(wrong_in_json(R"({"value":"-9223372036854775808"})", big), "");
  EXPECT_EQ(big.value, std::numeric_limits<std::int64_t>::min());
  for (const auto* text : {"", "-", "01", "1 ", " 1", "1.0", "0x1", "9223372036854775808", "+1", "--1"}) {
    EXPECT_NE(wrong_in_json<Big>("{\"value\":\"" + std::string(text) + "\"}"), "") << text;
  }
  EXPECT_NE(wrong_in_json<Point>(R"({"x":"1","y":2})"), "");
}

TEST(JsonReader, reads_doubles_exactly) {
  EXPECT_EQ(number_from("0.1"), 0.1);
  EXPECT_EQ(number_from("1e22"), 1e22);
  EXPECT_EQ(number_from("1e23"), 1e23);
  EXPECT_EQ(number_from("9007199254740993"), 9007199254740992.0);
  EXPECT_EQ(number_from("4.9406564584124654e-324"), 4.9406564584124654e-324);
  EXPECT_EQ(number_from("1.7976931348623157e308"), 1.7976931348623157e308);
  EXPECT_EQ(number_from("2.2250738585072011e-308"), 2.2250738585072011e-308);
  EXPECT_EQ(number_from("0.1000000000000000055511151231257827021181583404541015625"), 0.1);
  EXPECT_TRUE(std::signbit(number_from("-0")));
  EXPECT_TRUE(std::signbit(number_from("-0.0e5")));
  EXPECT_EQ(number_from("1e-400"), 0);
  EXPECT_EQ(number_from("0e999999999999"), 0);
}

TEST(JsonReader, refuses_numbers_that_are_none) {
  EXPECT_EQ(wrong_in_json<One>(R"({"value":1e400})"), "value: expected a number, found 1e400");
  EXPECT_EQ(wrong_in_json<One>(R"({"value":"1"})"), "value: expected a number, found \"1\"");
  EXPECT_NE(wrong_in_json<One>(R"({"value":NaN})"), "");
  EXPECT_NE(wrong_in_json<One>(R"({"value":Infinity})"), "");
  EXPECT_NE(wrong_in_json<Single>(R"({"value":1e39})"), "");
}

TEST(JsonReader, counts_text_in_code_points) {
  EXPECT_EQ(wrong_in_json<Order>(R"({"customer":"éééé","lines":[{"sku":"","quantity":1}]})"), "");
  EXPECT_EQ(wrong_in_json<Order>(R"({"customer":"\ud83c\udfb5\u00e9ab","lines":[{"sku":"","quantity":1}]})"), "");
  EXPECT_EQ(wrong_in_json<Order>(R"({"customer":"ééééé","lines":[{"sku":"","quantity":1}]})"),
            "customer: expected a text of 1 to 4 characters, found 5 characters");
}

TEST(JsonReader, refuses_text_that_is_not_utf_8) {
  EXPECT_EQ(wrong_in_json<Word>("{\"value\":\"a\xFF\"}"), "value: expected valid UTF-8, found \"a?\"");
  EXPECT_NE(wrong_in_json<Word>("{\"value\":\"\xC0\x80\"}"), "");
  EXPECT_NE(wrong_in_json<Word>("{\"value\":\"\xED\xA0\x80\"}"), "");
  EXPECT_NE(wrong_in_json<Word>(R"({"value":"\ud800"})"), "");
  EXPECT_NE(wrong_in_json<Word>(R"({"value":"\ud800\u0041"})"), "");
  EXPECT_NE(wrong_in_json<Word>(R"({"value":"\udc00"})"), "");
  EXPECT_NE(wrong_in_json<Word>("{\"value\":\"\",\"other\":\"\xFF\"}"), "");
  EXPECT_NE(wrong_in_json<Word>("{\"value\":\"\",\"\xFF\":1}"), "");
}

TEST(JsonReader, resolves_every_escape) {
  Word word{};
  EXPECT_EQ(wrong_in_json(R"({"value":"\"\\\/\b\f\n\r\t\u0000\u20AC\uD83C\uDFB5"})", word), "");
  EXPECT_EQ(word.value, std::string("\"\\/\b\f\n\r\t\0\xE2\x82\xAC\xF0\x9F\x8E\xB5", 16));
}

TEST(JsonReader, takes_base64_in_its_one_form_only) {
  Blob blob{};
  EXPECT_EQ(wrong_in_json(R"({"value":"\/+8="})", blob), "");
  EXPECT_EQ(blob.value.size(), 2u);
  for (const auto* text : {"A", "AA", "AAA", "AA=A", "AB==", "AAB=", "A===", "====", "AA\\n==", "AA-_", "AAAA=="}) {
    EXPECT_NE(wrong_in_json<Blob>("{\"value\":\"" + std::string(text) + "\"}"), "") << text;
  }
}

TEST(JsonReader, takes_a_variants_tag_anywhere) {
  Figure figure{};
  EXPECT_EQ(wrong_in_json(R"({"value":{"radius":2,"centre":{"x":1,"y":1},"type":"Circle"}})", figure), "");
  EXPECT_EQ(json_of(figure), R"({"value":{"type":"Circle","centre":{"x":1,"y":1},"radius":2}})");
}

TEST(JsonReader, refuses_a_variant_without_a_tag_that_it_knows) {
  EXPECT_EQ(wrong_in_json<Figure>(R"({"value":{"radius":2}})"),
            "value.type: expected one of Circle, Square, found nothing");
  EXPECT_EQ(wrong_in_json<Figure>(R"({"value":{"type":"Star"}})"),
            "value.type: expected one of Circle, Square, found \"Star\"");
  EXPECT_EQ(wrong_in_json<Figure>(R"({"value":{"type":3}})"), "value.type: expected one of Circle, Square, found 3");
  EXPECT_EQ(wrong_in_json<Figure>(R"({"value":{"type":"Circle","radius":"r","centre":{"x":1,"y":1}}})"),
            "value.radius: expected a number, found \"r\"");
  EXPECT_NE(wrong_in_json<Figure>(R"({"value":{"radius":2 "type":"Circle"}})"), "");
  EXPECT_NE(wrong_in_json<Figure>(R"({"value":{"radius":2,"type":"Circle",}})"), "");
}

TEST(JsonReader, runs_a_types_own_check_when_its_fields_are_fine) {
  EXPECT_EQ(wrong_in_json<Spans>(R"({"spans":[{"from":1,"to":2},{"from":5,"to":2}]})"),
            "spans[1].from: expected at most \"to\", found 5");
  EXPECT_EQ(wrong_in_json<Spans>(R"({"spans":[{"from":5,"to":"x"}]})"),
            "spans[0].to: expected a whole number from -2147483648 to 2147483647, found \"x\"");
}

TEST(JsonReader, never_quotes_a_secret) {
  EXPECT_EQ(wrong_in_json<Login>(R"({"password":12345,"attempt":1})"), "password: expected a text, found ***");
  EXPECT_EQ(wrong_in_json<Login>("{\"password\":\"hunter\xFF\",\"attempt\":1}").find("hunter"), std::string::npos);
}

TEST(JsonReader, uses_wire_names_and_leaves_out_what_travels_elsewhere) {
  Tagged tagged{};
  EXPECT_EQ(wrong_in_json(R"({"x-id":"a","etag":"b"})", tagged), "");
  EXPECT_EQ(tagged.etag, "b");
  EXPECT_EQ(wrong_in_json<Tagged>(R"({"x-id":"a"})", {.http_fields = tutti::message::HttpFields::elsewhere}), "");
  EXPECT_EQ(wrong_in_json<Tagged>(R"({"etag":"a"})", {.bound = 1}), "");
  EXPECT_EQ(
      wrong_in_json<Tagged>(R"({"etag":"a","x-id":"b"})", {.unknown = tutti::message::Unknown::refuse, .bound = 1}),
      "x-id: expected no such field, found one");
}

TEST(JsonReader, keeps_to_its_limits) {
  const auto nested = [](std::size_t levels) {
    return R"({"x":1,"y":2,"z":)" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };
  EXPECT_EQ(wrong_in_json<Point>(nested(64)), "");
  EXPECT_EQ(wrong_in_json<Point>(nested(65)), "expected at most 64 levels of objects and lists, found more");
  EXPECT_EQ(wrong_in_json<Point>(nested(3), {.depth_max = 3}), "");
  EXPECT_NE(wrong_in_json<Point>(nested(4), {.depth_max = 3}), "");
  EXPECT_NE(wrong_in_json<Point>(nested(100'000)), "");

  std::string tree;
  for (int i = 0; i < 33; ++i) tree += R"({"name":"n","children":[)";
  EXPECT_NE(wrong_in_json<everything::Node>(tree), "");

  constexpr std::string_view text = R"({"x":1,"y":2})";
  EXPECT_EQ(wrong_in_json<Point>(text, {.bytes_max = text.size()}), "");
  EXPECT_EQ(wrong_in_json<Point>(text, {.bytes_max = text.size() - 1}), "expected at most 12 bytes, found 13 bytes");
}

TEST(JsonReader, keeps_no_more_items_than_allowed) {
  EXPECT_EQ(wrong_in_json<everything::Everything>(R"({"few":[1,2,3,4,5]})").substr(0, 60),
            "few: expected a list of 1 to 3 items, found 5 items; flag: e");
}

TEST(JsonReader, replaces_a_list_that_has_items_already) {
  Defaults value;
  EXPECT_EQ(wrong_in_json(R"({"ports":[3]})", value), "");
  EXPECT_EQ(value.ports, std::vector<int>{3});
}

TEST(JsonReader, checks_a_document_without_a_shape) {
  EXPECT_TRUE(tutti::message::check_json(R"([1,{"a":null}])").empty());
  EXPECT_EQ(tutti::message::check_json("[1,").to_string(),
            "expected valid JSON, found the end of the text at byte 3 where a value should be");
}

}  // namespace json_reader
