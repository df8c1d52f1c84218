#include "service/nameko_channel.hpp"

#include "message/json_parts.hpp"
#include "message/json_text.hpp"
#include "wire/nameko/socket_frame.hpp"

namespace tutti::detail {
namespace {

// "OrderPaid": "order_paid".
std::string snake_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !out.empty()) out += '_';
    out += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

bool is_called(std::string_view message, std::string_view name) {
  return message == name || snake_case(message) == name;
}

// A message's JSON as what it is and what it says.
struct Split {
  std::string name;
  std::string data;
};

Split split_of(const Shape& messages, std::string_view json) {
  if (messages.kind != Kind::variant) return {snake_case(messages.name), std::string(json)};
  Split split{.name = {}, .data = "{"};
  for (const message::JsonPart& member : message::json_parts(json)) {
    if (member.name == "type") {
      split.name = snake_case(message::json_string(member.text).value_or(""));
      continue;
    }
    if (split.data.size() > 1) split.data += ',';
    message::append_json_text(split.data, member.name);
    split.data.append(":").append(member.text);
  }
  split.data += '}';
  return split;
}

}  // namespace

std::optional<NamedMessage> message_named(const Shape& messages, void* value, std::string_view name) {
  if (messages.kind != Kind::variant) {
    if (!is_called(messages.name, name)) return std::nullopt;
    return NamedMessage{&messages, value};
  }
  for (std::size_t i = 0; i < messages.alternatives.size(); ++i) {
    const Alternative& one = messages.alternatives[i];
    if (is_called(one.tag, name)) return NamedMessage{one.shape, messages.variant->emplace(value, i)};
  }
  return std::nullopt;
}

std::string event_frame_of(const Shape& messages, std::string_view json) {
  const Split split = split_of(messages, json);
  return wire::nameko::socket_event(split.name, split.data);
}

std::string call_frame_of(const Shape& messages, std::string_view json) {
  const Split split = split_of(messages, json);
  return "{\"method\":\"" + split.name + "\",\"data\":" + split.data + "}";
}

std::optional<std::string> message_of_event(const Shape& messages, std::string_view frame) {
  std::string event;
  std::string_view data;
  for (const message::JsonPart& member : message::json_parts(frame)) {
    if (member.name == "event") event = message::json_string(member.text).value_or("");
    if (member.name == "data") data = member.text;
  }
  if (messages.kind != Kind::variant)
    return is_called(messages.name, event) ? std::optional(std::string(data)) : std::nullopt;
  for (const Alternative& one : messages.alternatives) {
    if (!is_called(one.tag, event)) continue;
    std::string message = "{\"type\":";
    message::append_json_text(message, one.tag);
    if (data.size() > 2) message += ',';
    return message.append(data.substr(1));
  }
  return std::nullopt;
}

}  // namespace tutti::detail
