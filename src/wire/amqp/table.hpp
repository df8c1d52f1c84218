// Field tables and arrays (AMQP 0-9-1 section 4.2.5.5, with the type letters that RabbitMQ and its clients use, which
// differ from the specification's): the values of headers and arguments. A table stays what it was on the wire, bytes
// that were checked once, and is walked when something of it is wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/amqp/primitives.hpp"

namespace tutti::wire::amqp {

// Tables and arrays within each other; deeper ones are refused.
inline constexpr std::size_t table_depth_max = 32;

// The letters on the wire.
enum class ValueType : char {
  boolean = 't',
  int8 = 'b',
  uint8 = 'B',
  int16 = 's',
  uint16 = 'u',
  int32 = 'I',
  uint32 = 'i',
  int64 = 'l',
  uint64 = 'L',
  float32 = 'f',
  float64 = 'd',
  decimal = 'D',  // `number` / 10^scale
  text = 'S',     // bytes of any kind, mostly UTF-8
  binary = 'x',
  timestamp = 'T',  // seconds since 1970
  array = 'A',
  table = 'F',
  nothing = 'V',
};

// The pairs of a table without the length in front of them: a view, checked by who made it.
struct Table {
  std::string_view bytes = {};
  [[nodiscard]] bool empty() const noexcept { return bytes.empty(); }
  friend bool operator==(const Table&, const Table&) = default;
};

struct Array {
  std::string_view bytes = {};
  friend bool operator==(const Array&, const Array&) = default;
};

struct Value {
  ValueType type = ValueType::nothing;
  std::uint64_t number = 0;     // booleans, integers (two's complement), decimals, timestamps
  double floating = 0;          // float32, float64
  std::uint8_t scale = 0;       // decimal
  std::string_view bytes = {};  // text, binary; the content of arrays and tables

  // Whatever integer type carries it; nothing for other values and for what does not fit.
  [[nodiscard]] std::optional<std::int64_t> integer() const noexcept;
  [[nodiscard]] std::optional<bool> boolean() const noexcept;
  [[nodiscard]] std::optional<std::string_view> text() const noexcept;
  [[nodiscard]] std::optional<Table> table() const noexcept;
  [[nodiscard]] std::optional<Array> array() const noexcept;

  friend bool operator==(const Value&, const Value&) = default;
};

struct Pair {
  std::string_view key = {};
  Value value = {};
};

// Walks a table or an array; nothing at the end (and at the first malformed byte of what was not checked).
class TableCursor {
 public:
  explicit TableCursor(Table table) noexcept : reader_(table.bytes) {}
  [[nodiscard]] std::optional<Pair> next() noexcept;

 private:
  Reader reader_;
};

class ArrayCursor {
 public:
  explicit ArrayCursor(Array array) noexcept : reader_(array.bytes) {}
  [[nodiscard]] std::optional<Value> next() noexcept;

 private:
  Reader reader_;
};

// The first value of that name: RabbitMQ also takes the first of two.
[[nodiscard]] std::optional<Value> find(Table table, std::string_view key) noexcept;

// Whether the bytes are a table through and through: keys, types, lengths, depth.
[[nodiscard]] bool well_formed(Table table) noexcept;

// Reads the length and the pairs and checks them. Nothing if they are malformed or cut off.
[[nodiscard]] std::optional<Table> read_table(Reader& reader) noexcept;
void append_table(std::string& out, Table table);

// `{x-expires: 300000, nested: {a: [1, true]}}`, for logs and for tests that fail.
[[nodiscard]] std::string to_text(Table table);

// Both throw std::length_error for keys over 255 bytes.
class ArrayBuilder;
class TableBuilder {
 public:
  TableBuilder& add(std::string_view key, const Value& value);
  TableBuilder& boolean(std::string_view key, bool value);
  TableBuilder& integer(std::string_view key, std::int64_t value);  // int64
  TableBuilder& text(std::string_view key, std::string_view value);
  TableBuilder& table(std::string_view key, Table value);
  TableBuilder& array(std::string_view key, const ArrayBuilder& value);

  [[nodiscard]] Table table() const noexcept { return {bytes_}; }  // valid until the next change

 private:
  std::string bytes_;
};

class ArrayBuilder {
 public:
  ArrayBuilder& add(const Value& value);
  ArrayBuilder& integer(std::int64_t value);
  ArrayBuilder& text(std::string_view value);
  ArrayBuilder& table(Table value);

  [[nodiscard]] Array array() const noexcept { return {bytes_}; }

 private:
  std::string bytes_;
};

}  // namespace tutti::wire::amqp
