#include "wire/msgpack_rpc/message.hpp"

#include "wire/codes.hpp"
#include "wire/msgpack_rpc/pack.hpp"

namespace tutti::wire::msgpack_rpc {
namespace {

std::optional<std::uint32_t> id_of(Cursor& cursor) noexcept {
  const auto number = cursor.unsigned_number();
  if (!number || *number > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

// "method, params" of requests and notifications; a fault or empty.
enum class Behind : std::uint8_t { nothing, metadata };
std::string_view read_call(Cursor& cursor, Message& message, Behind behind) noexcept {
  const auto method = cursor.text();
  if (!method || method->empty() || method->size() > method_bytes_max) {
    return "the method is not a text of 1 to 256 bytes";
  }
  message.method = *method;
  message.params = cursor.rest();
  Cursor ahead = cursor;
  const bool fine = ahead.array() && (behind == Behind::nothing || cursor.value());
  if (!fine) return "params is not an array";
  if (behind == Behind::metadata) message.params.remove_suffix(cursor.rest().size());
  return {};
}

std::string_view read_request(Cursor& cursor, std::uint64_t elements, Dialect dialect, MessageResult& result) noexcept {
  if (elements == 3) return "a request has three elements; expected four";
  const auto id = id_of(cursor);
  if (!id) return "a request's id is not a number of 32 bits";
  result.message.id = *id;
  result.answerable = true;
  const Behind behind = elements == 5 ? Behind::metadata : Behind::nothing;
  if (const auto fault = read_call(cursor, result.message, behind); !fault.empty()) return fault;
  if (behind == Behind::nothing) return {};
  if (dialect == Dialect::plain) return "a request has five elements; expected four before tutti.hello";
  result.message.metadata = cursor.rest();
  if (!cursor.map()) return "the metadata is not a map";
  return {};
}

std::string_view read_response(Cursor& cursor, std::uint64_t elements, Message& message) noexcept {
  if (elements != 4) return "a response has not four elements";
  const auto id = id_of(cursor);
  if (!id) return "a response's id is not a number of 32 bits";
  message.id = *id;
  if (!cursor.nil()) {
    const auto error = cursor.value();
    if (!error) return "a response's error is malformed";
    message.error = *error;
  }
  if (cursor.at_end()) return "a response's result is missing";
  message.result = cursor.rest();
  return {};
}

}  // namespace

MessageResult parse_message(std::string_view bytes, Dialect dialect) noexcept {
  MessageResult result;
  Cursor cursor(bytes);
  const auto elements = cursor.array();
  const auto kind = elements && *elements >= 3 && *elements <= 5 ? cursor.unsigned_number() : std::nullopt;
  if (!kind) {
    result.fault = "a message is not an array of three to five elements that begins with its kind";
    return result;
  }
  switch (*kind) {
    case 0:
      result.message.kind = Kind::request;
      result.fault = read_request(cursor, *elements, dialect, result);
      break;
    case 1:
      result.message.kind = Kind::response;
      result.fault = read_response(cursor, *elements, result.message);
      break;
    case 2:
      result.message.kind = Kind::notification;
      result.fault = *elements == 3 ? read_call(cursor, result.message, Behind::nothing)
                                    : std::string_view("a notification has not three elements");
      break;
    default:
      result.fault = "a message's kind is not 0, 1 or 2";
      break;
  }
  return result;
}

Argument argument_of(std::string_view params) noexcept {
  Argument result;
  Cursor cursor(params);
  const auto count = cursor.array();
  if (!count || *count > 1) {
    result.fault = "params is not an array of one map";
    return result;
  }
  if (*count == 1) {
    result.argument = cursor.rest();
    if (!cursor.map()) result = {{}, "params is not an array of one map"};
  }
  return result;
}

void append_request(std::string& out, std::uint32_t id, std::string_view method, Trailing trailing) {
  append_array(out, trailing == Trailing::metadata ? 5 : 4);
  append_unsigned(out, 0);
  append_unsigned(out, id);
  append_text(out, method);
}

void append_notification(std::string& out, std::string_view method) {
  append_array(out, 3);
  append_unsigned(out, 2);
  append_text(out, method);
}

void append_response_head(std::string& out, std::uint32_t id) {
  char head[3 + unsigned_bytes_max];
  char* at = head;
  *at++ = '\x94';  // an array of four
  *at++ = '\x01';  // a response
  at = put_unsigned(at, id);
  *at++ = '\xc0';  // no error
  out.append(head, at);
}

void append_response(std::string& out, std::uint32_t id, std::string_view result) {
  append_response_head(out, id);
  if (result.empty()) {
    append_nil(out);
  } else {
    out.append(result);
  }
}

void append_error_response(std::string& out, std::uint32_t id, std::string_view error) {
  append_array(out, 4);
  append_unsigned(out, 1);
  append_unsigned(out, id);
  out.append(error);
  append_nil(out);
}

void append_error(std::string& out, const RpcError& error) {
  const bool typed = !error.type.empty();
  append_map(out, typed ? 4 : 2);
  append_text(out, "code");
  append_text(out, rpc_name_of(error.code));
  append_text(out, "message");
  append_text(out, error.message);
  if (!typed) return;
  append_text(out, "type");
  append_text(out, error.type);
  append_text(out, "value");
  if (error.value.empty()) {
    append_nil(out);
  } else {
    out.append(error.value);
  }
}

RpcError parse_error(std::string_view value) noexcept {
  RpcError error;
  Cursor cursor(value);
  if (const auto text = cursor.text()) {
    error.message = *text;
    return error;
  }
  const auto pairs = cursor.map();
  for (std::uint64_t i = 0; pairs && i < *pairs; ++i) {
    const auto key = cursor.text();
    Cursor ahead = cursor;
    const auto whole = cursor.value();
    if (!key || !whole) break;
    const auto text = ahead.text();
    if (*key == "code" && text) error.code = code_of_rpc_name(*text).value_or(Code::unknown);
    if (*key == "message" && text) error.message = *text;
    if (*key == "type" && text) error.type = *text;
    if (*key == "value") error.value = *whole;
  }
  if (error.code == Code::ok) error.code = Code::unknown;  // an error is no success
  return error;
}

namespace {

void append_hello_map(std::string& out, const Hello& hello) {
  append_map(out, hello.service.empty() ? 1 : 2);
  append_text(out, "version");
  append_unsigned(out, hello.version);
  if (hello.service.empty()) return;
  append_text(out, "service");
  append_text(out, hello.service);
}

}  // namespace

void append_hello(std::string& out, std::uint32_t id, const Hello& hello) {
  append_request(out, id, hello_method, Trailing::nothing);
  append_array(out, 1);
  append_hello_map(out, hello);
}

void append_hello_reply(std::string& out, std::uint32_t id, const Hello& hello) {
  append_response_head(out, id);
  append_hello_map(out, hello);
}

std::optional<Hello> parse_hello(std::string_view map) noexcept {
  Hello hello;
  hello.version = 0;
  Cursor cursor(map);
  const auto pairs = cursor.map();
  if (!pairs) return std::nullopt;
  for (std::uint64_t i = 0; i < *pairs; ++i) {
    const auto key = cursor.text();
    Cursor ahead = cursor;
    if (!key || !cursor.value()) return std::nullopt;
    if (*key == "version") {
      const auto version = ahead.unsigned_number();
      if (!version || *version == 0 || *version > UINT32_MAX) return std::nullopt;
      hello.version = static_cast<std::uint32_t>(*version);
    } else if (*key == "service") {
      const auto service = ahead.text();
      if (!service || service->size() > method_bytes_max) return std::nullopt;
      hello.service = *service;
    }
  }
  if (hello.version == 0 || !cursor.at_end()) return std::nullopt;
  return hello;
}

void append_cancel(std::string& out, std::uint32_t id) {
  append_notification(out, cancel_method);
  append_array(out, 1);
  append_unsigned(out, id);
}

std::optional<std::uint32_t> parse_cancel(std::string_view params) noexcept {
  Cursor cursor(params);
  if (cursor.array() != std::uint64_t{1}) return std::nullopt;
  const auto id = id_of(cursor);
  if (!id || !cursor.at_end()) return std::nullopt;
  return id;
}

void append_goodbye(std::string& out) {
  append_notification(out, goodbye_method);
  append_array(out, 0);
}

}  // namespace tutti::wire::msgpack_rpc
