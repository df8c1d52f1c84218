// One record with every kind of field, for the codecs' round trips, and short ways to call the codecs.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <tutti/contract.hpp>

#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "message/msgpack.hpp"

namespace everything {

enum class Currency { eur, usd, gbp };

struct Point {
  int x;
  int y;
};
struct Circle {
  Point centre;
  double radius;
};
struct Square {
  Point corner;
  double side;
};

struct Node {
  std::string name;
  std::vector<Node> children;
};

struct Everything {
  bool flag;
  std::int8_t tiny;
  std::int16_t small;
  std::int32_t medium;
  std::int64_t large;
  std::uint8_t byte;
  std::uint16_t word;
  std::uint32_t dword;
  std::uint64_t qword;
  float single;
  double real;
  std::string text;
  tutti::Bytes bytes;
  tutti::Time at;
  std::chrono::milliseconds pause;
  Currency currency;
  std::optional<std::string> note;
  std::optional<Point> place;
  std::vector<Point> points;
  std::vector<bool> flags;
  std::map<std::string, int> counts;
  std::array<int, 3> triple;
  std::variant<Circle, Square> figure;
  tutti::Range<int, 1, 100> bounded;
  tutti::Text<1, 5> brief;
  tutti::Pattern<"[a-z]+"> lower;
  tutti::Items<int, 1, 3> few;
  Node tree;
};

inline Everything sample() {
  return {.flag = true,
          .tiny = -128,
          .small = -32768,
          .medium = -2147483647 - 1,
          .large = std::numeric_limits<std::int64_t>::min(),
          .byte = 255,
          .word = 65535,
          .dword = 4294967295U,
          .qword = std::numeric_limits<std::uint64_t>::max(),
          .single = 0.1F,
          .real = 0.1,
          .text = "quote \" slash \\ line\n tab\t bell\x07 \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8E\xB5",
          .bytes = {std::byte{0}, std::byte{255}, std::byte{16}, std::byte{32}},
          .at = {std::chrono::nanoseconds{1'769'860'800'500'000'000}},
          .pause = std::chrono::milliseconds(1500),
          .currency = Currency::usd,
          .note = "kept",
          .place = std::nullopt,
          .points = {{1, 2}, {-3, 4}},
          .flags = {true, false, true},
          .counts = {{"a", 1}, {"key with \"quotes\"", 2}},
          .triple = {7, 8, 9},
          .figure = Square{{1, 1}, 2.5},
          .bounded = 100,
          .brief = "h\xC3\xA9llo",
          .lower = "abc",
          .few = std::vector<int>{1, 2, 3},
          .tree = {"root", {{"left", {}}, {"right", {{"leaf", {}}}}}}};
}

constexpr const char* sample_json =
    R"({"flag":true,"tiny":-128,"small":-32768,"medium":-2147483648,"large":-9223372036854775808,"byte":255,)"
    R"("word":65535,"dword":4294967295,"qword":18446744073709551615,"single":0.1,"real":0.1,)"
    R"("text":"quote \" slash \\ line\n tab\t bell\u0007 é € 🎵","bytes":"AP8QIA==","at":"2026-01-31T12:00:00.5Z",)"
    R"("pause":"PT1.5S","currency":"usd","note":"kept","points":[{"x":1,"y":2},{"x":-3,"y":4}],)"
    R"("flags":[true,false,true],"counts":{"a":1,"key with \"quotes\"":2},"triple":[7,8,9],)"
    R"("figure":{"type":"Square","corner":{"x":1,"y":1},"side":2.5},"bounded":100,"brief":"héllo","lower":"abc",)"
    R"("few":[1,2,3],"tree":{"name":"root","children":[{"name":"left","children":[]},)"
    R"({"name":"right","children":[{"name":"leaf","children":[]}]}]}})";

template <class T>
std::string json_of(const T& value) {
  std::string text;
  const auto violations = tutti::message::write_json(tutti::detail::shape_of<T>(), &value, text);
  return violations.empty() ? text : "refused: " + violations.to_string();
}

template <class T>
std::string msgpack_of(const T& value) {
  std::string bytes;
  const auto violations = tutti::message::write_msgpack(tutti::detail::shape_of<T>(), &value, bytes);
  return violations.empty() ? bytes : "refused: " + violations.to_string();
}

// What reading says; empty if it is content.
template <class T>
std::string wrong_in_json(std::string_view text, T& value, const tutti::message::ReadRules& rules = {}) {
  return tutti::message::read_json(tutti::detail::shape_of<T>(), &value, text, rules).to_string();
}
template <class T>
std::string wrong_in_json(std::string_view text, const tutti::message::ReadRules& rules = {}) {
  T value{};
  return wrong_in_json(text, value, rules);
}

template <class T>
std::string wrong_in_msgpack(std::string_view bytes, T& value, const tutti::message::ReadRules& rules = {}) {
  return tutti::message::read_msgpack(tutti::detail::shape_of<T>(), &value, bytes, rules).to_string();
}
template <class T>
std::string wrong_in_msgpack(std::string_view bytes, const tutti::message::ReadRules& rules = {}) {
  T value{};
  return wrong_in_msgpack(bytes, value, rules);
}

}  // namespace everything
