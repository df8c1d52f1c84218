// Values for the tests of AMQP: a table with every type, and a method with something in each field.
#pragma once

#include <string>
#include <tuple>
#include <type_traits>
#include <variant>

#include "wire/amqp/content.hpp"
#include "wire/amqp/method.hpp"

namespace tutti::wire::amqp {

inline const TableBuilder& every_type() {
  static const TableBuilder table = [] {
    TableBuilder inner;
    inner.text("x", "y");
    ArrayBuilder array;
    array.integer(1).text("two").table(inner.table()).add({.type = ValueType::nothing});
    TableBuilder out;
    out.boolean("t", true)
        .add("b", {.type = ValueType::int8, .number = static_cast<std::uint64_t>(-7)})
        .add("B", {.type = ValueType::uint8, .number = 200})
        .add("s", {.type = ValueType::int16, .number = static_cast<std::uint64_t>(-700)})
        .add("u", {.type = ValueType::uint16, .number = 60'000})
        .add("I", {.type = ValueType::int32, .number = static_cast<std::uint64_t>(-70'000)})
        .add("i", {.type = ValueType::uint32, .number = 4'000'000'000})
        .integer("l", -7'000'000'000)
        .add("L", {.type = ValueType::uint64, .number = 0xFFFF'FFFF'FFFF'FFFFu})
        .add("f", {.type = ValueType::float32, .floating = 0.5})
        .add("d", {.type = ValueType::float64, .floating = -2.25})
        .add("D", {.type = ValueType::decimal, .number = 1999, .scale = 2})
        .text("S", "caf\xC3\xA9")
        .add("x", {.type = ValueType::binary, .bytes = {"\0\xFF", 2}})
        .add("T", {.type = ValueType::timestamp, .number = 1'767'225'600})
        .array("A", array)
        .table("F", inner.table())
        .add("V", {.type = ValueType::nothing});
    return out;
  }();
  return table;
}

// Gives neighbours different values, so that two fields in the wrong order are seen.
class Filler {
 public:
  void octet(std::string_view, std::uint8_t& number) { number = static_cast<std::uint8_t>(++count_); }
  void short_number(std::string_view, std::uint16_t& number) { number = static_cast<std::uint16_t>(0x100 + ++count_); }
  void long_number(std::string_view, std::uint32_t& number) { number = 0x10000u + ++count_; }
  void longlong_number(std::string_view, std::uint64_t& number) { number = 0x1'0000'0000u + ++count_; }
  void shortstr(std::string_view name, std::string_view& text) { text = name; }
  void longstr(std::string_view name, std::string_view& bytes) { bytes = name; }
  void table(std::string_view, Table& table) { table = every_type().table(); }
  void bit(std::string_view, bool& set) { set = ++count_ % 2 == 1; }
  void reserved_short() {}
  void reserved_shortstr() {}
  void reserved_longstr() {}
  void reserved_bit() {}

 private:
  unsigned count_ = 0;
};

template <class F, class... M>
void for_each_type(const std::variant<M...>*, F f) {
  (f(M{}), ...);
}
// Calls f with one of each method, every field filled.
template <class F>
void for_each_method(F f) {
  for_each_type(static_cast<const Method*>(nullptr), [&](auto method) {
    Filler filler;
    method.fields(method, filler);
    f(method);
  });
}

template <class M>
std::string frame_of(const M& method, std::uint16_t channel = 1) {
  std::string out;
  append_method(out, channel, method);
  return out;
}

inline std::string_view payload_of(std::string_view frame) {
  return frame.substr(frame_head_bytes, frame.size() - frame_overhead_bytes);
}

}  // namespace tutti::wire::amqp
