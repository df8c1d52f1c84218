// A channel in Nameko's frames (ChannelRules::frames): its messages by name, as methods and events of snake case. A
// message `OrderPaid` is the method, or the event, "order_paid"; its own name does for a method as well.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tutti/detail/shape.hpp>

namespace tutti::detail {

// The message of that name: where to fill it in, in a value of the channel's shape. Nothing: there is none.
struct NamedMessage {
  const Shape* shape;
  void* at;
};
[[nodiscard]] std::optional<NamedMessage> message_named(const Shape& messages, void* value, std::string_view name);

// A message of the channel, as JSON by its shape, as an event; as a call.
[[nodiscard]] std::string event_frame_of(const Shape& messages, std::string_view json);
[[nodiscard]] std::string call_frame_of(const Shape& messages, std::string_view json);
// The message that a frame is as an event. Nothing: it is none of the channel's.
[[nodiscard]] std::optional<std::string> message_of_event(const Shape& messages, std::string_view frame);

}  // namespace tutti::detail
