#include "wire/amqp/table.hpp"

#include <bit>
#include <charconv>
#include <limits>
#include <utility>

namespace tutti::wire::amqp {
namespace {

// Sign-extended, so that `number` is the value in 64 bits.
template <class Signed, class Unsigned>
std::uint64_t signed_number(Reader& reader) noexcept {
  return static_cast<std::uint64_t>(std::int64_t{static_cast<Signed>(reader.number<Unsigned>())});
}

// Without looking into arrays and tables. Nothing: an unknown type or cut off.
std::optional<Value> read_value(Reader& reader) noexcept {
  Value value;
  value.type = static_cast<ValueType>(reader.number<std::uint8_t>());
  switch (value.type) {
    case ValueType::boolean:
      value.number = reader.number<std::uint8_t>() != 0 ? 1 : 0;
      break;
    case ValueType::int8:
      value.number = signed_number<std::int8_t, std::uint8_t>(reader);
      break;
    case ValueType::uint8:
      value.number = reader.number<std::uint8_t>();
      break;
    case ValueType::int16:
      value.number = signed_number<std::int16_t, std::uint16_t>(reader);
      break;
    case ValueType::uint16:
      value.number = reader.number<std::uint16_t>();
      break;
    case ValueType::int32:
      value.number = signed_number<std::int32_t, std::uint32_t>(reader);
      break;
    case ValueType::uint32:
      value.number = reader.number<std::uint32_t>();
      break;
    case ValueType::int64:
    case ValueType::uint64:
    case ValueType::timestamp:
      value.number = reader.number<std::uint64_t>();
      break;
    case ValueType::float32:
      value.floating = std::bit_cast<float>(reader.number<std::uint32_t>());
      break;
    case ValueType::float64:
      value.floating = std::bit_cast<double>(reader.number<std::uint64_t>());
      break;
    case ValueType::decimal:
      value.scale = reader.number<std::uint8_t>();
      value.number = reader.number<std::uint32_t>();
      break;
    case ValueType::text:
    case ValueType::binary:
    case ValueType::array:
    case ValueType::table:
      value.bytes = reader.longstr();
      break;
    case ValueType::nothing:
      break;
    default:
      return std::nullopt;
  }
  if (reader.failed()) return std::nullopt;
  return value;
}

void append_value(std::string& out, const Value& value) {
  out += static_cast<char>(value.type);
  switch (value.type) {
    case ValueType::boolean:
    case ValueType::int8:
    case ValueType::uint8:
      append_number(out, static_cast<std::uint8_t>(value.number));
      break;
    case ValueType::int16:
    case ValueType::uint16:
      append_number(out, static_cast<std::uint16_t>(value.number));
      break;
    case ValueType::int32:
    case ValueType::uint32:
      append_number(out, static_cast<std::uint32_t>(value.number));
      break;
    case ValueType::int64:
    case ValueType::uint64:
    case ValueType::timestamp:
      append_number(out, value.number);
      break;
    case ValueType::float32:
      append_number(out, std::bit_cast<std::uint32_t>(static_cast<float>(value.floating)));
      break;
    case ValueType::float64:
      append_number(out, std::bit_cast<std::uint64_t>(value.floating));
      break;
    case ValueType::decimal:
      append_number(out, value.scale);
      append_number(out, static_cast<std::uint32_t>(value.number));
      break;
    case ValueType::text:
    case ValueType::binary:
    case ValueType::array:
    case ValueType::table:
      append_longstr(out, value.bytes);
      break;
    case ValueType::nothing:
      break;
  }
}

enum class Keys : std::uint8_t { present, absent };

bool values_well_formed(std::string_view bytes, Keys keys, std::size_t depth) noexcept {
  if (depth > table_depth_max) return false;
  Reader reader(bytes);
  while (reader.left() > 0) {
    if (keys == Keys::present) (void)reader.shortstr();
    const auto value = read_value(reader);
    if (!value) return false;
    if (value->type == ValueType::table && !values_well_formed(value->bytes, Keys::present, depth + 1)) return false;
    if (value->type == ValueType::array && !values_well_formed(value->bytes, Keys::absent, depth + 1)) return false;
  }
  return true;
}

template <class Number>
void append_digits(std::string& out, Number number) {
  char digits[32];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), number);
  (void)error;  // there is room for every number
  out.append(digits, end);
}

void describe(std::string& out, const Value& value);

void describe(std::string& out, Table table) {
  out += '{';
  bool first = true;
  for (TableCursor cursor(table); const auto pair = cursor.next();) {
    if (!std::exchange(first, false)) out += ", ";
    out += pair->key;
    out += ": ";
    describe(out, pair->value);
  }
  out += '}';
}

void describe(std::string& out, Array array) {
  out += '[';
  bool first = true;
  for (ArrayCursor cursor(array); const auto value = cursor.next();) {
    if (!std::exchange(first, false)) out += ", ";
    describe(out, *value);
  }
  out += ']';
}

void describe(std::string& out, const Value& value) {
  switch (value.type) {
    case ValueType::boolean:
      out += value.number != 0 ? "true" : "false";
      break;
    case ValueType::float32:
    case ValueType::float64:
      append_digits(out, value.floating);
      break;
    case ValueType::decimal:
      append_digits(out, value.number);
      out += "e-";
      append_digits(out, value.scale);
      break;
    case ValueType::text:
      out += '"';
      out += value.bytes;
      out += '"';
      break;
    case ValueType::binary:
      append_digits(out, value.bytes.size());
      out += " bytes";
      break;
    case ValueType::array:
      describe(out, Array{value.bytes});
      break;
    case ValueType::table:
      describe(out, Table{value.bytes});
      break;
    case ValueType::nothing:
      out += "nothing";
      break;
    case ValueType::uint64:
    case ValueType::timestamp:
      append_digits(out, value.number);
      break;
    default:
      append_digits(out, static_cast<std::int64_t>(value.number));
      break;
  }
}

Value number_value(std::int64_t number) {
  return {.type = ValueType::int64, .number = static_cast<std::uint64_t>(number)};
}

}  // namespace

std::optional<std::int64_t> Value::integer() const noexcept {
  switch (type) {
    case ValueType::uint64:
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
      [[fallthrough]];
    case ValueType::int8:
    case ValueType::uint8:
    case ValueType::int16:
    case ValueType::uint16:
    case ValueType::int32:
    case ValueType::uint32:
    case ValueType::int64:
      return static_cast<std::int64_t>(number);
    default:
      return std::nullopt;
  }
}

std::optional<bool> Value::boolean() const noexcept {
  return type == ValueType::boolean ? std::optional(number != 0) : std::nullopt;
}

std::optional<std::string_view> Value::text() const noexcept {
  return type == ValueType::text ? std::optional(bytes) : std::nullopt;
}

std::optional<Table> Value::table() const noexcept {
  return type == ValueType::table ? std::optional(Table{bytes}) : std::nullopt;
}

std::optional<Array> Value::array() const noexcept {
  return type == ValueType::array ? std::optional(Array{bytes}) : std::nullopt;
}

std::optional<Pair> TableCursor::next() noexcept {
  if (reader_.left() == 0) return std::nullopt;
  Pair pair;
  pair.key = reader_.shortstr();
  const auto value = read_value(reader_);
  if (!value) {
    reader_ = Reader({});
    return std::nullopt;
  }
  pair.value = *value;
  return pair;
}

std::optional<Value> ArrayCursor::next() noexcept {
  if (reader_.left() == 0) return std::nullopt;
  const auto value = read_value(reader_);
  if (!value) reader_ = Reader({});
  return value;
}

std::optional<Value> find(Table table, std::string_view key) noexcept {
  for (TableCursor cursor(table); const auto pair = cursor.next();) {
    if (pair->key == key) return pair->value;
  }
  return std::nullopt;
}

bool well_formed(Table table) noexcept { return values_well_formed(table.bytes, Keys::present, 1); }

std::optional<Table> read_table(Reader& reader) noexcept {
  const Table table{reader.longstr()};
  if (reader.failed() || !well_formed(table)) return std::nullopt;
  return table;
}

void append_table(std::string& out, Table table) { append_longstr(out, table.bytes); }

std::string to_text(Table table) {
  std::string out;
  describe(out, table);
  return out;
}

TableBuilder& TableBuilder::add(std::string_view key, const Value& value) {
  append_shortstr(bytes_, key);
  append_value(bytes_, value);
  return *this;
}

TableBuilder& TableBuilder::boolean(std::string_view key, bool value) {
  return add(key, {.type = ValueType::boolean, .number = value ? 1u : 0u});
}

TableBuilder& TableBuilder::integer(std::string_view key, std::int64_t value) { return add(key, number_value(value)); }

TableBuilder& TableBuilder::text(std::string_view key, std::string_view value) {
  return add(key, {.type = ValueType::text, .bytes = value});
}

TableBuilder& TableBuilder::table(std::string_view key, Table value) {
  return add(key, {.type = ValueType::table, .bytes = value.bytes});
}

TableBuilder& TableBuilder::array(std::string_view key, const ArrayBuilder& value) {
  return add(key, {.type = ValueType::array, .bytes = value.array().bytes});
}

ArrayBuilder& ArrayBuilder::add(const Value& value) {
  append_value(bytes_, value);
  return *this;
}

ArrayBuilder& ArrayBuilder::integer(std::int64_t value) { return add(number_value(value)); }

ArrayBuilder& ArrayBuilder::text(std::string_view value) { return add({.type = ValueType::text, .bytes = value}); }

ArrayBuilder& ArrayBuilder::table(Table value) { return add({.type = ValueType::table, .bytes = value.bytes}); }

}  // namespace tutti::wire::amqp
