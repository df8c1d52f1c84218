// See schema.hpp. Keywords are those of json-schema.org/draft/2020-12 (core, validation, meta-data).
#include "message/schema.hpp"

#include <charconv>
#include <limits>

#include "message/json_reader.hpp"
#include "message/json_text.hpp"
#include "message/record_codec.hpp"
#include "message/scalar.hpp"

namespace tutti::message {

namespace {

using detail::Kind;
using detail::Shape;

constexpr auto unlimited = static_cast<std::size_t>(-1);

// An object that is written key by key.
class Object {
 public:
  Object& raw(std::string_view key, std::string_view json) {
    if (!text_.empty()) text_ += ',';
    append_json_text(text_, key);
    text_ += ':';
    text_ += json;
    return *this;
  }
  Object& text(std::string_view key, std::string_view value) {
    std::string json;
    append_json_text(json, value);
    return raw(key, json);
  }
  Object& number(std::string_view key, auto value) {
    char digits[32];
    return raw(key,
               {digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits)});
  }
  [[nodiscard]] std::string done() const { return '{' + text_ + '}'; }

 private:
  std::string text_;
};

template <class T>
void bound(Object& object, const Shape& shape) {
  if constexpr (std::is_signed_v<T>) {
    object.number("minimum", shape.has_bounds ? shape.min : std::int64_t{std::numeric_limits<T>::min()});
    object.number("maximum", shape.has_bounds ? shape.max : std::int64_t{std::numeric_limits<T>::max()});
  } else if (!shape.has_bounds || shape.kind == Kind::uint64) {
    object.number("minimum", shape.has_bounds ? shape.unsigned_min : std::uint64_t{0});
    object.number("maximum", shape.has_bounds ? shape.unsigned_max : std::uint64_t{std::numeric_limits<T>::max()});
  } else {
    object.number("minimum", shape.min).number("maximum", shape.max);
  }
}

void integer(Object& object, const Shape& shape) {
  object.text("type", "integer");
  switch (shape.kind) {
    case Kind::int8:
      return bound<std::int8_t>(object, shape);
    case Kind::int16:
      return bound<std::int16_t>(object, shape);
    case Kind::int32:
      object.text("format", "int32");
      return bound<std::int32_t>(object, shape);
    case Kind::int64:
      object.text("format", "int64");
      return bound<std::int64_t>(object, shape);
    case Kind::uint8:
      return bound<std::uint8_t>(object, shape);
    case Kind::uint16:
      return bound<std::uint16_t>(object, shape);
    case Kind::uint32:
      return bound<std::uint32_t>(object, shape);
    default:
      return bound<std::uint64_t>(object, shape);
  }
}

void lengths(Object& object, const Shape& shape, std::string_view min, std::string_view max) {
  if (shape.length_min != 0) object.number(min, shape.length_min);
  if (shape.length_max != unlimited) object.number(max, shape.length_max);
}

// An example is JSON if it reads as a value of the field, else the text itself.
std::string example_json(const Shape& shape, std::string_view example) {
  const Kind kind = shape.kind == Kind::optional ? shape.element->kind : shape.kind;
  const bool spelled = kind == Kind::text || kind == Kind::bytes || kind == Kind::time || kind == Kind::duration ||
                       kind == Kind::enumeration;
  if ((!spelled || example.starts_with('"')) && check_json(example).empty()) return std::string(example);
  std::string json;
  append_json_text(json, example);
  return json;
}

// Puts "description" and the like beside a schema; beside "$ref" they are allowed since 2019-09.
std::string annotated(const std::string& schema, const detail::Field& field) {
  Object notes;
  bool any = false;
  if (!field.about.empty()) notes.text("description", field.about), any = true;
  if (!field.example.empty()) notes.raw("examples", '[' + example_json(*field.shape, field.example) + ']'), any = true;
  if (field.deprecated) notes.raw("deprecated", "true"), any = true;
  if (!any) return schema;
  const std::string added = notes.done();
  return schema == "{}" ? added : schema.substr(0, schema.size() - 1) + ',' + added.substr(1);
}

}  // namespace

std::string Schemas::reference(const std::string& name) const { return Object().text("$ref", base_ + name).done(); }

std::string Schemas::use(const Shape& shape) {
  const bool has_name = (shape.kind == Kind::record || shape.kind == Kind::enumeration) && !shape.name.empty();
  if (!has_name) return in_place(shape);
  const std::string name = prefix_ + std::string(shape.name);
  // The name is taken before the fields are looked at: a recursive type then finds it.
  if (definitions_.try_emplace(name).second) {
    std::string schema = in_place(shape);
    definitions_[name] = std::move(schema);
  }
  return reference(name);
}

std::string Schemas::body(const Shape& shape, const WriteRules& rules) {
  return record(shape, codec_of(shape).outside(rules.http_fields, rules.bound), {});
}

std::string Schemas::in_place(const Shape& shape) {
  Object object;
  switch (shape.kind) {
    case Kind::boolean:
      object.text("type", "boolean");
      break;
    case Kind::float32:
    case Kind::float64:
      object.text("type", "number").text("format", shape.kind == Kind::float32 ? "float" : "double");
      if (shape.has_bounds) object.number("minimum", shape.float_min).number("maximum", shape.float_max);
      break;
    case Kind::text:
      object.text("type", "string");
      lengths(object, shape, "minLength", "maxLength");
      if (!shape.pattern.empty()) object.text("pattern", "^(?:" + std::string(shape.pattern) + ")$");
      if (shape.secret) object.text("format", "password").raw("writeOnly", "true");
      break;
    case Kind::bytes:
      object.text("type", "string").text("contentEncoding", "base64");
      break;
    case Kind::time:
      object.text("type", "string").text("format", "date-time");
      break;
    case Kind::duration:
      object.text("type", "string").text("format", "duration");
      break;
    case Kind::enumeration: {
      std::string names;
      for (const detail::EnumName& entry : shape.names) {
        if (!names.empty()) names += ',';
        append_json_text(names, entry.name);
      }
      object.text("type", "string").raw("enum", '[' + names + ']');
      if (!shape.about.empty()) object.text("description", shape.about);
      break;
    }
    case Kind::optional: {
      // Absent is the usual form of "none"; null is taken, too.
      const std::string element = use(*shape.element);
      object.raw("anyOf", '[' + element + R"(,{"type":"null"}])");
      break;
    }
    case Kind::live:
      return use(*shape.element);
    case Kind::list:
      object.text("type", "array").raw("items", use(*shape.element));
      lengths(object, shape, "minItems", "maxItems");
      break;
    case Kind::array:
      object.text("type", "array").raw("items", use(*shape.element));
      object.number("minItems", shape.count).number("maxItems", shape.count);
      break;
    case Kind::map:
      object.text("type", "object").raw("additionalProperties", use(*shape.element));
      lengths(object, shape, "minProperties", "maxProperties");
      break;
    case Kind::record:
      return record(shape, 0, {});
    case Kind::variant:
      return variant(shape);
    default:
      integer(object, shape);
  }
  return object.done();
}

std::string Schemas::record(const Shape& shape, std::uint64_t left_out, std::string_view tag) {
  Object properties;
  std::string required;
  const auto demand = [&required](std::string_view name) {
    if (!required.empty()) required += ',';
    append_json_text(required, name);
  };
  if (!tag.empty()) {
    properties.raw("type", Object().text("const", tag).done());
    demand("type");
  }
  for (std::size_t i = 0; i < shape.fields.size(); ++i) {
    if ((left_out >> i & 1) != 0) continue;
    const detail::Field& field = shape.fields[i];
    properties.raw(field.wire_name, annotated(use(*field.shape), field));
    if (!field.may_be_absent) demand(field.wire_name);
  }
  Object object;
  object.text("type", "object");
  if (!shape.about.empty()) object.text("description", shape.about);
  object.raw("properties", properties.done());
  if (!required.empty()) object.raw("required", '[' + required + ']');
  return object.done();
}

std::string Schemas::variant(const Shape& shape) {
  std::string alternatives;
  for (const detail::Alternative& alternative : shape.alternatives) {
    if (!alternatives.empty()) alternatives += ',';
    // The tag is no field of the record, so an alternative has a definition of its own.
    const std::string name = prefix_ + std::string(alternative.tag) + ".tagged";
    if (definitions_.try_emplace(name).second) {
      std::string schema = record(*alternative.shape, 0, alternative.tag);
      definitions_[name] = std::move(schema);
    }
    alternatives += reference(name);
  }
  return Object().raw("oneOf", '[' + alternatives + ']').done();
}

std::string Schemas::definitions_json() const {
  Object object;
  for (const auto& [name, schema] : definitions_) object.raw(name, schema);
  return object.done();
}

std::string schema_json(const Shape& shape, const std::string& prefix) {
  Schemas schemas("#/$defs/", prefix);
  std::string root = schemas.use(shape);
  const std::string front = R"({"$schema":"https://json-schema.org/draft/2020-12/schema",)";
  root = front + root.substr(1, root.size() - 2);
  if (!schemas.definitions().empty()) root += ",\"$defs\":" + schemas.definitions_json();
  return root + '}';
}

}  // namespace tutti::message
