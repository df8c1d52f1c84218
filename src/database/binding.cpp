#include "database/binding.hpp"

#include <limits>

#include <tutti/bytes.hpp>
#include <tutti/time.hpp>

#include "database/codec.hpp"

namespace tutti::database {
namespace {

using detail::Kind;
using detail::Shape;

constexpr std::size_t found_bytes_max = 60;

template <class T>
T get(const void* value) {
  return *static_cast<const T*>(value);
}

std::string_view type_name(int type) {
  switch (type) {
    case SQLITE_INTEGER:
      return "a whole number";
    case SQLITE_FLOAT:
      return "a number";
    case SQLITE_TEXT:
      return "a text";
    case SQLITE_BLOB:
      return "bytes";
    default:
      return "NULL";
  }
}

// What stands in the column, for an error: never a secret.
std::string found_text(sqlite3_stmt* row, int column, const Shape& shape) {
  const int type = sqlite3_column_type(row, column);
  std::string text(type_name(type));
  if (type == SQLITE_NULL || type == SQLITE_BLOB || shape.secret) return text;
  const auto* const data = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  const std::string_view value = data == nullptr ? "" : data;
  text += " \"";
  text += value.substr(0, found_bytes_max);
  text += value.size() > found_bytes_max ? "...\"" : "\"";
  return text;
}

// Nine digits always, so that texts sort as the times do and datetime() understands them.
std::string time_text(Time time) {
  std::string text = to_string(time);
  text.pop_back();  // Z
  auto dot = text.find('.');
  if (dot == std::string::npos) {
    dot = text.size();
    text += '.';
  }
  text.append(9 - (text.size() - dot - 1), '0');
  return text + 'Z';
}

// Also what SQLite's own datetime() writes: "2026-01-31 12:00:00", in UTC.
std::optional<Time> time_of(std::string_view text) {
  if (auto time = parse_time(text)) return time;
  if (text.size() < 19 || text[10] != ' ') return std::nullopt;
  std::string rfc(text);
  rfc[10] = 'T';
  rfc += 'Z';
  return parse_time(rfc);
}

struct Bounds {
  std::int64_t min;
  std::int64_t max;
};

// What fits the type, narrowed to what the contract allows.
Bounds bounds_of(const Shape& shape) {
  Bounds bounds{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  switch (shape.kind) {
    case Kind::int8:
      bounds = {-128, 127};
      break;
    case Kind::int16:
      bounds = {-32768, 32767};
      break;
    case Kind::int32:
      bounds = {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
      break;
    case Kind::uint8:
      bounds = {0, 255};
      break;
    case Kind::uint16:
      bounds = {0, 65535};
      break;
    case Kind::uint32:
      bounds = {0, std::numeric_limits<std::uint32_t>::max()};
      break;
    case Kind::uint64:
      bounds.min = 0;
      break;
    default:
      break;
  }
  if (!shape.has_bounds) return bounds;
  if (shape.kind == Kind::uint64) {
    constexpr auto top = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return {static_cast<std::int64_t>(std::min(shape.unsigned_min, top)),
            static_cast<std::int64_t>(std::min(shape.unsigned_max, top))};
  }
  return {std::max(bounds.min, shape.min), std::min(bounds.max, shape.max)};
}

void set_integer(const Shape& shape, std::int64_t number, void* into) {
  switch (shape.kind) {
    case Kind::int8:
      *static_cast<std::int8_t*>(into) = static_cast<std::int8_t>(number);
      break;
    case Kind::int16:
      *static_cast<std::int16_t*>(into) = static_cast<std::int16_t>(number);
      break;
    case Kind::int32:
      *static_cast<std::int32_t*>(into) = static_cast<std::int32_t>(number);
      break;
    case Kind::int64:
      *static_cast<std::int64_t*>(into) = number;
      break;
    case Kind::uint8:
      *static_cast<std::uint8_t*>(into) = static_cast<std::uint8_t>(number);
      break;
    case Kind::uint16:
      *static_cast<std::uint16_t*>(into) = static_cast<std::uint16_t>(number);
      break;
    case Kind::uint32:
      *static_cast<std::uint32_t*>(into) = static_cast<std::uint32_t>(number);
      break;
    default:
      *static_cast<std::uint64_t*>(into) = static_cast<std::uint64_t>(number);
      break;
  }
}

std::int64_t integer_of(const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Kind::int8:
      return get<std::int8_t>(value);
    case Kind::int16:
      return get<std::int16_t>(value);
    case Kind::int32:
      return get<std::int32_t>(value);
    case Kind::int64:
      return get<std::int64_t>(value);
    case Kind::uint8:
      return get<std::uint8_t>(value);
    case Kind::uint16:
      return get<std::uint16_t>(value);
    case Kind::uint32:
      return get<std::uint32_t>(value);
    default:
      break;
  }
  const auto number = get<std::uint64_t>(value);
  if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    throw Error(Code::out_of_range,
                std::to_string(number) + " does not fit a column: SQLite's whole numbers end at 9223372036854775807");
  return static_cast<std::int64_t>(number);
}

std::string_view enum_name(const Shape& shape, const void* value) {
  const std::int64_t number = shape.enumeration->get(value);
  for (const auto& name : shape.names)
    if (name.value == number) return name.name;
  throw Error(Code::invalid_argument, std::to_string(number) + " is no value of " + std::string(shape.name));
}

std::string names_of(const Shape& shape) {
  std::string text = "one of";
  for (const auto& name : shape.names) {
    text += text.size() == 6 ? " " : ", ";
    text += name.name;
  }
  return text;
}

std::string quoted_name(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

}  // namespace

std::string_view Binder::keep(std::string text) {
  texts_.push_back(std::make_unique<std::string>(std::move(text)));
  return *texts_.back();
}

void Binder::bind(std::span<const detail::SqlArgument> values) {
  const int wanted = sqlite3_bind_parameter_count(statement_.get());
  if (static_cast<std::size_t>(wanted) != values.size())
    throw Error(Code::invalid_argument, "the statement \"" + std::string(sqlite3_sql(statement_.get())) + "\" has " +
                                            std::to_string(wanted) + " parameters, found " +
                                            std::to_string(values.size()) + " values");
  int index = 0;
  for (const auto& value : values) {
    ++index;
    if (value.shape != nullptr) {
      check_value(*value.shape, value.value);
      bind(index, *value.shape, value.value);
    } else if (value.text.data() == nullptr) {
      statement_.bind_null(index);
    } else {
      statement_.bind_text(index, value.text);
    }
  }
}

void Binder::bind_fields(const Shape& shape, const void* record) {
  check_value(shape, record);
  int index = 0;
  for (const auto& field : shape.fields)
    bind(++index, *field.shape, static_cast<const std::byte*>(record) + field.offset);
}

void Binder::bind(int index, const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Kind::boolean:
      return statement_.bind_int(index, get<bool>(value) ? 1 : 0);
    case Kind::int8:
    case Kind::int16:
    case Kind::int32:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint16:
    case Kind::uint32:
    case Kind::uint64:
      return statement_.bind_int(index, integer_of(shape, value));
    case Kind::float32:
    case Kind::float64: {
      const double number = shape.kind == Kind::float32 ? static_cast<double>(get<float>(value)) : get<double>(value);
      sqlite3_bind_double(statement_.get(), index, number);
      return;
    }
    case Kind::text:
      return statement_.bind_text(index, *static_cast<const std::string*>(value));
    case Kind::bytes: {
      const auto& bytes = *static_cast<const Bytes*>(value);
      return statement_.bind_blob(index, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    case Kind::time:
      return statement_.bind_text(index, keep(time_text(get<Time>(value))));
    case Kind::duration:
      return statement_.bind_int(index, shape.duration->nanoseconds(value));
    case Kind::enumeration:
      return statement_.bind_text(index, enum_name(shape, value));
    case Kind::optional:
      if (!shape.optional->has(value)) return statement_.bind_null(index);
      return bind(index, *shape.element, shape.optional->get(value));
    case Kind::list:
    case Kind::map:
    case Kind::array:
    case Kind::record:
    case Kind::variant:
      return statement_.bind_text(index, keep(json_of(shape, value)));
    case Kind::live:
      return bind(index, *shape.element, shape.live->get(value));
  }
}

std::string insert_sql(std::string_view table, const Shape& record) {
  std::string sql = "insert into " + quoted_name(table) + " (";
  std::string marks;
  for (const auto& field : record.fields) {
    if (!marks.empty()) {
      sql += ", ";
      marks += ", ";
    }
    sql += quoted_name(field.name);
    marks += '?';
  }
  return sql + ") values (" + marks + ")";
}

RowReader::RowReader(Statement& statement, const Shape& shape) : statement_(statement), shape_(shape) {
  const int count = sqlite3_column_count(statement.get());
  if (count == 0)
    throw Error(Code::invalid_argument,
                "the statement \"" + std::string(sqlite3_sql(statement.get())) + "\" gives no rows; use run");
  if (shape.kind != Kind::record) {
    if (count != 1)
      throw Error(Code::internal, "expected one column for a single value, found " + std::to_string(count) +
                                      "; select one, or use an aggregate with fields named like the columns");
    return;
  }
  std::string names;
  for (int column = 0; column < count; ++column) {
    if (column > 0) names += ", ";
    names += sqlite3_column_name(statement.get(), column);
  }
  for (const auto& field : shape.fields) {
    int found = -1;
    for (int column = 0; column < count; ++column)
      if (field.name == sqlite3_column_name(statement.get(), column)) found = column;
    if (found < 0)
      throw Error(Code::internal, "the query gives no column \"" + std::string(field.name) + "\" for " +
                                      std::string(shape.name) + "; its columns are " + names);
    columns_.push_back(found);
  }
}

void RowReader::read(void* into) const {
  if (shape_.kind != Kind::record) return read_column(0, shape_, false, sqlite3_column_name(statement_.get(), 0), into);
  std::size_t index = 0;
  for (const auto& field : shape_.fields)
    read_column(columns_[index++], *field.shape, field.may_be_absent, field.name,
                static_cast<std::byte*>(into) + field.offset);
}

void RowReader::read_column(int column, const Shape& shape, bool may_be_absent, std::string_view name,
                            void* into) const {
  sqlite3_stmt* const row = statement_.get();
  const int type = sqlite3_column_type(row, column);
  const auto refuse = [&](std::string_view expected) {
    throw Error(Code::data_loss, "column \"" + std::string(name) + "\" is " + found_text(row, column, shape) +
                                     "; expected " + std::string(expected));
  };
  const auto need = [&](int wanted) {
    if (type != wanted) refuse(type_name(wanted));
  };
  if (type == SQLITE_NULL) {
    if (shape.kind == Kind::optional) return shape.optional->reset(into);
    if (may_be_absent) return;
    return refuse("a value; make the field optional, or give it an initialiser, if NULL is right");
  }
  switch (shape.kind) {
    case Kind::boolean: {
      const std::int64_t number = sqlite3_column_int64(row, column);
      if (type != SQLITE_INTEGER || (number != 0 && number != 1)) refuse("0 or 1");
      *static_cast<bool*>(into) = number == 1;
      return;
    }
    case Kind::int8:
    case Kind::int16:
    case Kind::int32:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint16:
    case Kind::uint32:
    case Kind::uint64: {
      need(SQLITE_INTEGER);
      const std::int64_t number = sqlite3_column_int64(row, column);
      const Bounds bounds = bounds_of(shape);
      if (number < bounds.min || number > bounds.max)
        refuse("a whole number from " + std::to_string(bounds.min) + " to " + std::to_string(bounds.max));
      return set_integer(shape, number, into);
    }
    case Kind::float32:
    case Kind::float64: {
      if (type != SQLITE_FLOAT && type != SQLITE_INTEGER) refuse("a number");
      const double number = sqlite3_column_double(row, column);
      if (shape.kind == Kind::float32) *static_cast<float*>(into) = static_cast<float>(number);
      if (shape.kind == Kind::float64) *static_cast<double*>(into) = number;
      if (const std::string expected = problem_of(shape, into); !expected.empty()) refuse(expected);
      return;
    }
    case Kind::text: {
      need(SQLITE_TEXT);
      const std::string_view text(reinterpret_cast<const char*>(sqlite3_column_text(row, column)),
                                  static_cast<std::size_t>(sqlite3_column_bytes(row, column)));
      static_cast<std::string*>(into)->assign(text);
      if (const std::string expected = problem_of(shape, into); !expected.empty()) refuse(expected);
      return;
    }
    case Kind::bytes: {
      need(SQLITE_BLOB);
      const auto* const data = static_cast<const std::byte*>(sqlite3_column_blob(row, column));
      static_cast<Bytes*>(into)->assign(data, data + sqlite3_column_bytes(row, column));
      return;
    }
    case Kind::time: {
      need(SQLITE_TEXT);
      const auto time = time_of(statement_.text_at(column));
      if (!time) refuse("a time like 2026-02-03T04:05:06Z");
      *static_cast<Time*>(into) = *time;
      return;
    }
    case Kind::duration:
      need(SQLITE_INTEGER);
      if (!shape.duration->set(into, sqlite3_column_int64(row, column)))
        refuse("nanoseconds that fit the field's type without a rest");
      return;
    case Kind::enumeration: {
      need(SQLITE_TEXT);
      const std::string text = statement_.text_at(column);
      for (const auto& known : shape.names)
        if (known.name == text) return shape.enumeration->set(into, known.value);
      return refuse(names_of(shape));
    }
    case Kind::optional:
      return read_column(column, *shape.element, false, name, shape.optional->emplace(into));
    case Kind::list:
    case Kind::map:
    case Kind::array:
    case Kind::record:
    case Kind::variant: {
      need(SQLITE_TEXT);
      if (const std::string problem = from_json(statement_.text_at(column), shape, into); !problem.empty())
        refuse("the JSON of its field (" + problem + ")");
      return;
    }
    case Kind::live:
      return refuse("a field that is stored; live values belong to settings");
  }
}

}  // namespace tutti::database
