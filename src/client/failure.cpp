#include "client/failure.hpp"

#include <charconv>
#include <cmath>
#include <memory>
#include <new>
#include <span>

#include "client/attempt.hpp"
#include "message/base64.hpp"
#include "message/json_reader.hpp"
#include "message/json_text.hpp"
#include "message/msgpack.hpp"
#include "message/report.hpp"
#include "wire/codes.hpp"
#include "wire/http1/problem.hpp"
#include "wire/msgpack_rpc/message.hpp"

namespace tutti::client {
namespace {

using detail::ErrorSpec;
using detail::MethodSpec;
using detail::Shape;

std::string name_of(const MethodSpec& method) {
  return std::string(method.service->name) + "." + std::string(method.name);
}

const ErrorSpec* find_error(const MethodSpec& method, std::string_view type) {
  const std::string_view service = method.service->name;
  if (type.size() <= service.size() || !type.starts_with(service) || type[service.size()] != '.') return nullptr;
  type.remove_prefix(service.size() + 1);
  for (const ErrorSpec& error : method.errors) {
    if (error.shape().name == type) return &error;
  }
  return nullptr;
}

// "payments.Declined" is ours; "payment_service.errors.Declined" is a class of a service in Python.
const ErrorSpec* find_exception(const MethodSpec& method, const wire::nameko::Failure& failure) {
  if (const ErrorSpec* exact = find_error(method, failure.exc_path)) return exact;
  if (failure.exc_path.starts_with("nameko.") || failure.exc_path.starts_with("tutti.")) return nullptr;
  for (const ErrorSpec& error : method.errors) {
    if (error.shape().name == failure.exc_type) return &error;
  }
  return nullptr;
}

// Nothing was done, and the other side lives.
[[noreturn]] void raise_overloaded(const MethodSpec& method, std::string_view said) {
  const std::string message = said.empty() ? name_of(method) + " is overloaded" : std::string(said);
  throw WireError(Fate::refused, Error(Code::unavailable, message));
}

// What it is if it is no contract error.
Code exception_code_of(const wire::nameko::Failure& failure) {
  namespace nameko = wire::nameko;
  if (failure.exc_path == nameko::method_not_found) return Code::unimplemented;
  if (failure.exc_path == nameko::incorrect_signature || failure.exc_path == nameko::malformed_request)
    return Code::invalid_argument;
  if (failure.exc_path.starts_with(nameko::code_path_prefix)) {
    const auto code =
        wire::code_of_rpc_name(std::string_view(failure.exc_path).substr(nameko::code_path_prefix.size()));
    if (code && *code != Code::ok) return *code;
  }
  return Code::unknown;
}

// Reads the value by `read` and throws it as its own type; returns only if the value breaks its contract.
template <class Read>
void raise_declared(const ErrorSpec& error, Read&& read) {
  const Shape& shape = error.shape();
  struct Memory {
    const Shape& shape;
    void* at;
    bool alive = false;
    ~Memory() {
      if (alive) shape.destroy(at);
      ::operator delete(at, std::align_val_t(shape.align));
    }
  } memory{shape, ::operator new(shape.size, std::align_val_t(shape.align))};
  shape.construct(memory.at);
  memory.alive = true;
  if (read(shape, memory.at).empty()) error.raise(memory.at);
}

void append_json(std::string& out, message::MsgpackCursor& cursor, std::size_t depth) {
  using Type = message::MsgpackCursor::Type;
  const auto give_up = [&] {
    (void)cursor.skip();
    out += "null";
  };
  switch (depth == 0 ? Type::none : cursor.peek()) {
    case Type::boolean: {
      bool value = false;
      cursor.boolean(value);
      out += value ? "true" : "false";
      return;
    }
    case Type::integer: {
      std::int64_t value = 0;
      std::uint64_t large = 0;
      if (cursor.integer(value)) {
        out += std::to_string(value);
      } else if (cursor.unsigned_integer(large)) {
        out += std::to_string(large);
      } else {
        give_up();
      }
      return;
    }
    case Type::float32:
    case Type::float64: {
      double value = 0;
      if (!cursor.number(value) || !std::isfinite(value)) {
        out += "null";
        return;
      }
      char text[32];
      const auto end = std::to_chars(text, text + sizeof text, value);
      out.append(text, end.ptr);
      return;
    }
    case Type::text: {
      std::string_view value;
      if (!cursor.text(value)) return give_up();
      message::append_json_text(out, value);
      return;
    }
    case Type::binary: {
      std::string_view value;
      if (!cursor.binary(value)) return give_up();
      std::string text(message::base64_size(value.size()), '\0');
      message::write_base64(text.data(), std::as_bytes(std::span(value)));
      message::append_json_text(out, text);
      return;
    }
    case Type::array: {
      std::uint32_t count = 0;
      if (!cursor.array(count)) return give_up();
      out += '[';
      for (std::uint32_t i = 0; i < count && !cursor.done(); ++i) {
        if (i != 0) out += ',';
        append_json(out, cursor, depth - 1);
      }
      out += ']';
      return;
    }
    case Type::map: {
      std::uint32_t count = 0;
      if (!cursor.map(count)) return give_up();
      out += '{';
      for (std::uint32_t i = 0; i < count && !cursor.done(); ++i) {
        if (i != 0) out += ',';
        std::string_view key;
        if (!cursor.text(key)) (void)cursor.skip();
        message::append_json_text(out, key);
        out += ':';
        append_json(out, cursor, depth - 1);
      }
      out += '}';
      return;
    }
    case Type::nil:
    case Type::extension:
    case Type::none:
      return give_up();
  }
}

}  // namespace

std::string json_of_msgpack(std::string_view value) {
  message::MsgpackCursor checked(value);
  if (!checked.skip() || !checked.done()) return "null";
  std::string json;
  message::MsgpackCursor cursor(value);
  append_json(json, cursor, message::depth_limit);
  return json;
}

void raise_http(const MethodSpec& method, int status, std::string_view content_type, std::string_view body,
                const std::map<std::string, std::string>& names) {
  const bool json = content_type.starts_with("application/problem+json");
  if (json) {
    if (const auto problem = wire::http1::parse_problem(body, status)) {
      const ErrorSpec* const error = find_error(method, problem->type);
      if (error) {
        const std::string_view value =
            problem->value_json.empty() ? std::string_view("{}") : std::string_view(problem->value_json);
        raise_declared(*error, [&](const Shape& shape, void* at) { return message::read_json(shape, at, value); });
      }
      const std::string& said = problem->detail.empty() ? problem->title : problem->detail;
      if (problem->type == wire::overloaded_type) raise_overloaded(method, said);
      throw Error(problem->code, said.empty() ? name_of(method) + " failed" : said, problem->type, problem->value_json);
    }
  }
  Code code = wire::code_of_http_status(status);
  if (const auto named = names.find(std::to_string(status)); named != names.end())
    code = code_of(named->second).value_or(code);
  if (code == Code::ok) code = Code::internal;  // a redirect, or something else that is no reply
  std::string message = name_of(method) + " was answered with status " + std::to_string(status);
  if (status >= 300 && status < 400) message += "; redirects are not followed";
  if (!body.empty()) message += ": " + message::clipped(body);
  throw Error(code, message);
}

void raise_amqp(const MethodSpec& method, const wire::nameko::Failure& failure) {
  if (const ErrorSpec* const declared = find_exception(method, failure)) {
    const std::string value = failure.fields.empty()
                                  ? wire::nameko::record_of_arguments(declared->shape(), failure.exc_args)
                                  : failure.fields;
    raise_declared(*declared, [&](const Shape& shape, void* at) { return message::read_json(shape, at, value); });
  }
  const Code code = exception_code_of(failure);
  const std::string& said = failure.value.empty() ? failure.exc_type : failure.value;
  if (code == Code::unavailable && failure.exc_type == wire::nameko::overloaded_class) raise_overloaded(method, said);
  if (code != Code::unknown) throw Error(code, said.empty() ? name_of(method) + " failed" : said);
  const std::string& type = failure.exc_path.empty() ? failure.exc_type : failure.exc_path;
  throw Error(code, name_of(method) + " failed: " + failure.exc_type + ": " + failure.value, type,
              failure.exc_args.empty() ? "[]" : failure.exc_args);
}

void raise_rpc(const MethodSpec& method, std::string_view bytes) {
  const wire::msgpack_rpc::RpcError error = wire::msgpack_rpc::parse_error(bytes);
  if (const ErrorSpec* const declared = find_error(method, error.type)) {
    const std::string_view value = error.value.empty() ? std::string_view("\x80") : error.value;
    raise_declared(*declared, [&](const Shape& shape, void* at) { return message::read_msgpack(shape, at, value); });
  }
  if (error.type == wire::overloaded_type) raise_overloaded(method, error.message);
  const std::string message = error.message.empty() ? name_of(method) + " failed" : std::string(error.message);
  throw Error(error.code == Code::ok ? Code::unknown : error.code, message, std::string(error.type),
              error.value.empty() ? std::string() : json_of_msgpack(error.value));
}

}  // namespace tutti::client
