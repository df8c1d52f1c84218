#include "wire/nameko/socket_frame.hpp"

#include "message/json_parts.hpp"
#include "message/json_reader.hpp"
#include "message/json_text.hpp"

namespace tutti::wire::nameko {
namespace {

constexpr std::string_view malformed = "Invalid JSON data";

}  // namespace

SocketCall parse_socket_call(std::string_view text) {
  if (!message::check_json(text).empty() || !message::json_trimmed(text).starts_with('{')) return {.fault = malformed};
  SocketCall call;
  for (const message::JsonPart& member : message::json_parts(text)) {
    if (member.name == "method") call.method = message::json_string(member.text).value_or("");
    if (member.name == "correlation_id") call.correlation_id = member.text;
    if (member.name != "data" || member.text == "null") continue;
    if (!member.text.starts_with('{')) return {.fault = malformed};
    call.data = member.text;
  }
  if (call.method.empty()) return {.fault = malformed};
  return call;
}

std::string socket_result(std::string_view data, std::string_view correlation_id) {
  std::string out = R"({"type":"result","success":true,"data":)";
  out.append(data).append(",\"correlation_id\":").append(correlation_id).append("}");
  return out;
}

std::string socket_failure(const Failure& failure, std::string_view correlation_id) {
  std::string out = R"({"type":"result","success":false,"error":)";
  append_exception(out, failure);
  out.append(",\"correlation_id\":").append(correlation_id).append("}");
  return out;
}

std::string socket_event(std::string_view name, std::string_view data) {
  std::string out = R"({"type":"event","event":)";
  message::append_json_text(out, name);
  out.append(",\"data\":").append(data).append("}");
  return out;
}

}  // namespace tutti::wire::nameko
