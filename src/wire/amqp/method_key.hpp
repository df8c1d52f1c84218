// By what a method is known on the wire and in texts: its class, its number within the class, its name.
#pragma once

#include <cstdint>
#include <string_view>

namespace tutti::wire::amqp {

// Whether a content header and body frames come behind the method.
enum class Content : std::uint8_t { none, follows };

struct MethodKey {
  std::uint16_t class_id = 0;
  std::uint16_t method_id = 0;
  std::string_view name = {};  // "basic.publish"
  Content content = Content::none;
};

}  // namespace tutti::wire::amqp
