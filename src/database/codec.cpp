#include "database/codec.hpp"

#include <tutti/error.hpp>

#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "message/msgpack.hpp"
#include "message/validate.hpp"

namespace tutti::database {
namespace {

void refuse(const Violations& violations) {
  if (!violations.empty()) throw Error(Code::invalid_argument, "a value cannot be stored: " + violations.to_string());
}

}  // namespace

std::string json_of(const detail::Shape& shape, const void* value) {
  std::string text;
  refuse(message::write_json(shape, value, text));
  return text;
}

std::string msgpack_of(const detail::Shape& shape, const void* value) {
  std::string bytes;
  refuse(message::write_msgpack(shape, value, bytes));
  return bytes;
}

void check_value(const detail::Shape& shape, const void* value) { refuse(message::validate(shape, value)); }

std::string from_json(std::string_view json, const detail::Shape& shape, void* into) {
  const Violations violations = message::read_json(shape, into, json);
  return violations.empty() ? std::string() : violations.to_string();
}

std::string from_msgpack(std::string_view bytes, const detail::Shape& shape, void* into) {
  const Violations violations = message::read_msgpack(shape, into, bytes);
  return violations.empty() ? std::string() : violations.to_string();
}

std::string problem_of(const detail::Shape& shape, const void* value) {
  const Violations violations = message::validate(shape, value);
  return violations.empty() ? std::string() : violations.list().front().expected;
}

}  // namespace tutti::database
