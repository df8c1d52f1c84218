#include "wire/nameko/call.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "message/json_parts.hpp"
#include "message/json_reader.hpp"
#include "message/json_text.hpp"

namespace tutti::wire::nameko {
namespace {

using detail::Field;
using detail::Kind;
using detail::Shape;
using message::JsonPart;

const JsonPart* find(const std::vector<JsonPart>& members, std::string_view name) {
  for (const JsonPart& member : members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

bool is_object(std::string_view json) { return json.starts_with('{'); }

// "'a', 'b', and 'c'", as Python lists names.
std::string listed(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) text += names.size() > 2 ? (i + 1 == names.size() ? ", and " : ", ") : " and ";
    text.append("'").append(names[i]).append("'");
  }
  return text;
}

std::string too_many(std::string_view method, std::size_t required, std::size_t all, std::size_t given) {
  std::string text = std::string(method) + "() takes ";
  if (required < all) text += "from " + std::to_string(required) + " to ";
  text += std::to_string(all) + " positional argument" + (all == 1 ? "" : "s") + " but " + std::to_string(given);
  return text + (given == 1 ? " was given" : " were given");
}

std::string missing(std::string_view method, const std::vector<std::string_view>& names) {
  return std::string(method) + "() missing " + std::to_string(names.size()) + " required positional argument" +
         (names.size() == 1 ? "" : "s") + ": " + listed(names);
}

void append_member(std::string& object, std::string_view name, std::string_view value) {
  if (object.size() > 1) object += ',';
  message::append_json_text(object, name);
  object.append(":").append(value);
}

bool is_number(const Shape& shape) { return shape.kind >= Kind::int8 && shape.kind <= Kind::float64; }

// A value as it was before Nameko made a text of it, if its field says what it was.
std::string_view unquoted(const Shape& shape, std::string_view value) {
  if (!value.starts_with('"') || value.size() < 3) return value;
  const std::string_view inside = value.substr(1, value.size() - 2);
  if (shape.kind == Kind::optional) return inside == "None" ? "null" : unquoted(*shape.element, value);
  if (shape.kind == Kind::boolean) return inside == "True" ? "true" : inside == "False" ? "false" : value;
  if (is_number(shape) && message::check_json(inside).empty()) return inside;
  return value;
}

}  // namespace

Request parse_request(std::string_view body) {
  if (!message::check_json(body).empty()) return {.fault = "The body is no JSON"};
  const std::vector<JsonPart> members = message::json_parts(body);
  const JsonPart* const args = find(members, "args");
  const JsonPart* const kwargs = find(members, "kwargs");
  if (!args || !kwargs) return {.fault = "Message missing `args` or `kwargs`"};
  if (!args->text.starts_with('[')) return {.fault = "`args` is no array"};
  if (!is_object(kwargs->text)) return {.fault = "`kwargs` is no object"};
  return {.args = args->text, .kwargs = kwargs->text};
}

void append_request(std::string& out, std::string_view kwargs) {
  out.append("{\"args\":[],\"kwargs\":").append(kwargs).append("}");
}

Reply parse_reply(std::string_view body) {
  if (!message::check_json(body).empty()) return {.fault = "it is no JSON"};
  const std::vector<JsonPart> members = message::json_parts(body);
  const JsonPart* const error = find(members, "error");
  const JsonPart* const result = find(members, "result");
  if (!error || !result) return {.fault = "it has no result and error"};
  if (error->text == "null") return {.result = result->text};
  if (!is_object(error->text)) return {.fault = "its error is no object"};
  const std::vector<JsonPart> parts = message::json_parts(error->text);
  const auto text_of = [&parts](std::string_view name) {
    const JsonPart* const part = find(parts, name);
    return part ? message::json_string(part->text).value_or("") : std::string();
  };
  Reply reply{.failed = true};
  reply.failure = {.exc_type = text_of("exc_type"), .exc_path = text_of("exc_path"), .value = text_of("value")};
  if (const JsonPart* args = find(parts, "exc_args"); args && args->text.starts_with('['))
    reply.failure.exc_args = args->text;
  if (const JsonPart* fields = find(parts, "fields"); fields && is_object(fields->text))
    reply.failure.fields = fields->text;
  return reply;
}

void append_exception(std::string& out, const Failure& failure) {
  std::string error = "{";
  std::string text;
  const auto quoted = [&text](std::string_view value) -> std::string_view {
    text.clear();
    message::append_json_text(text, value);
    return text;
  };
  append_member(error, "exc_type", quoted(failure.exc_type));
  append_member(error, "exc_path", quoted(failure.exc_path));
  append_member(error, "exc_args",
                failure.exc_args.empty() ? std::string_view("[]") : std::string_view(failure.exc_args));
  append_member(error, "value", quoted(failure.value));
  if (!failure.fields.empty()) append_member(error, "fields", failure.fields);
  out.append(error).append("}");
}

void append_failure(std::string& out, const Failure& failure) {
  out.append("{\"result\":null,\"error\":");
  append_exception(out, failure);
  out.append("}");
}

Bound bind_arguments(std::string_view method, const Shape& record, const Request& request) {
  const std::vector<JsonPart> args = message::json_parts(request.args);
  const std::vector<JsonPart> kwargs = message::json_parts(request.kwargs);
  const std::size_t required = static_cast<std::size_t>(
      std::ranges::count_if(record.fields, [](const Field& field) { return !field.may_be_absent; }));
  if (args.size() > record.fields.size())
    return {.fault = too_many(method, required, record.fields.size(), args.size())};
  Bound bound{.message = "{"};
  for (std::size_t i = 0; i < args.size(); ++i) append_member(bound.message, record.fields[i].wire_name, args[i].text);
  for (const JsonPart& argument : kwargs) {
    const auto field = std::ranges::find(record.fields, std::string_view(argument.name), &Field::wire_name);
    if (field == record.fields.end())
      return {.fault = std::string(method) + "() got an unexpected keyword argument '" + argument.name + "'"};
    if (static_cast<std::size_t>(field - record.fields.begin()) < args.size())
      return {.fault = std::string(method) + "() got multiple values for argument '" + argument.name + "'"};
    append_member(bound.message, argument.name, argument.text);
  }
  bound.message += '}';
  std::vector<std::string_view> absent;
  for (std::size_t i = args.size(); i < record.fields.size(); ++i) {
    const Field& field = record.fields[i];
    if (!field.may_be_absent && !find(kwargs, field.wire_name)) absent.push_back(field.wire_name);
  }
  if (!absent.empty()) return {.fault = missing(method, absent)};
  return bound;
}

std::string bind_nothing(std::string_view method, const Request& request) {
  if (const std::size_t given = message::json_parts(request.args).size(); given != 0)
    return too_many(method, 0, 0, given);
  const std::vector<JsonPart> kwargs = message::json_parts(request.kwargs);
  if (kwargs.empty()) return {};
  return std::string(method) + "() got an unexpected keyword argument '" + kwargs.front().name + "'";
}

std::string record_of_arguments(const Shape& record, std::string_view exc_args) {
  const std::vector<JsonPart> args = message::json_parts(exc_args);
  std::string object = "{";
  for (std::size_t i = 0; i < std::min(args.size(), record.fields.size()); ++i) {
    const std::string_view value = unquoted(*record.fields[i].shape, args[i].text);
    if (value != "null") append_member(object, record.fields[i].wire_name, value);
  }
  return object + "}";
}

std::string record_of_result(const Shape& record, std::string_view result) {
  std::string object = "{";
  if (result != "null") append_member(object, record.fields.front().wire_name, result);
  return object + "}";
}

std::string arguments_of_record(const Shape& record, std::string_view object) {
  const std::vector<JsonPart> members = message::json_parts(object);
  std::string array = "[";
  std::string absent;
  for (const Field& field : record.fields) {
    const JsonPart* const member = find(members, field.wire_name);
    if (!member) {
      absent += absent.empty() && array.size() == 1 ? "null" : ",null";
      continue;
    }
    array.append(absent);
    if (array.size() > 1) array += ',';
    array.append(member->text);
    absent.clear();
  }
  return array + "]";
}

}  // namespace tutti::wire::nameko
