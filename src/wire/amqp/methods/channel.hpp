// Class channel (20): channels divide one connection; an error closes only its channel.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/amqp/method_key.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::wire::amqp {

struct ChannelOpen {
  static constexpr MethodKey key{20, 10, "channel.open"};
  static void fields(auto&, auto& f) { f.reserved_shortstr(); }
  friend bool operator==(const ChannelOpen&, const ChannelOpen&) = default;
};

struct ChannelOpenOk {
  static constexpr MethodKey key{20, 11, "channel.open-ok"};
  static void fields(auto&, auto& f) { f.reserved_longstr(); }
  friend bool operator==(const ChannelOpenOk&, const ChannelOpenOk&) = default;
};

struct ChannelFlow {
  static constexpr MethodKey key{20, 20, "channel.flow"};
  bool active = false;
  static void fields(auto& self, auto& f) { f.bit("active", self.active); }
  friend bool operator==(const ChannelFlow&, const ChannelFlow&) = default;
};

struct ChannelFlowOk {
  static constexpr MethodKey key{20, 21, "channel.flow-ok"};
  bool active = false;
  static void fields(auto& self, auto& f) { f.bit("active", self.active); }
  friend bool operator==(const ChannelFlowOk&, const ChannelFlowOk&) = default;
};

struct ChannelClose {
  static constexpr MethodKey key{20, 40, "channel.close"};
  std::uint16_t reply_code = 0;
  std::string_view reply_text = {};
  std::uint16_t class_id = 0;
  std::uint16_t method_id = 0;
  static void fields(auto& self, auto& f) {
    f.short_number("reply-code", self.reply_code);
    f.shortstr("reply-text", self.reply_text);
    f.short_number("class-id", self.class_id);
    f.short_number("method-id", self.method_id);
  }
  friend bool operator==(const ChannelClose&, const ChannelClose&) = default;
};

struct ChannelCloseOk {
  static constexpr MethodKey key{20, 41, "channel.close-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const ChannelCloseOk&, const ChannelCloseOk&) = default;
};
}  // namespace tutti::wire::amqp
