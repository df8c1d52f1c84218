// Class basic (60): publishing, delivering and settling messages. Methods whose key says that content follows have a
// content header and bodies behind them.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/amqp/method_key.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::wire::amqp {

struct BasicQos {
  static constexpr MethodKey key{60, 10, "basic.qos"};
  std::uint32_t prefetch_size = 0;
  std::uint16_t prefetch_count = 0;
  bool global = false;
  static void fields(auto& self, auto& f) {
    f.long_number("prefetch-size", self.prefetch_size);
    f.short_number("prefetch-count", self.prefetch_count);
    f.bit("global", self.global);
  }
  friend bool operator==(const BasicQos&, const BasicQos&) = default;
};

struct BasicQosOk {
  static constexpr MethodKey key{60, 11, "basic.qos-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const BasicQosOk&, const BasicQosOk&) = default;
};

struct BasicConsume {
  static constexpr MethodKey key{60, 20, "basic.consume"};
  std::string_view queue = {};
  std::string_view consumer_tag = {};
  bool no_local = false;
  bool no_ack = false;
  bool exclusive = false;
  bool no_wait = false;
  Table arguments = {};
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("queue", self.queue);
    f.shortstr("consumer-tag", self.consumer_tag);
    f.bit("no-local", self.no_local);
    f.bit("no-ack", self.no_ack);
    f.bit("exclusive", self.exclusive);
    f.bit("no-wait", self.no_wait);
    f.table("arguments", self.arguments);
  }
  friend bool operator==(const BasicConsume&, const BasicConsume&) = default;
};

struct BasicConsumeOk {
  static constexpr MethodKey key{60, 21, "basic.consume-ok"};
  std::string_view consumer_tag = {};
  static void fields(auto& self, auto& f) { f.shortstr("consumer-tag", self.consumer_tag); }
  friend bool operator==(const BasicConsumeOk&, const BasicConsumeOk&) = default;
};

struct BasicCancel {
  static constexpr MethodKey key{60, 30, "basic.cancel"};
  std::string_view consumer_tag = {};
  bool no_wait = false;
  static void fields(auto& self, auto& f) {
    f.shortstr("consumer-tag", self.consumer_tag);
    f.bit("no-wait", self.no_wait);
  }
  friend bool operator==(const BasicCancel&, const BasicCancel&) = default;
};

struct BasicCancelOk {
  static constexpr MethodKey key{60, 31, "basic.cancel-ok"};
  std::string_view consumer_tag = {};
  static void fields(auto& self, auto& f) { f.shortstr("consumer-tag", self.consumer_tag); }
  friend bool operator==(const BasicCancelOk&, const BasicCancelOk&) = default;
};

struct BasicPublish {
  static constexpr MethodKey key{60, 40, "basic.publish", Content::follows};
  std::string_view exchange = {};
  std::string_view routing_key = {};
  bool mandatory = false;
  bool immediate = false;
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("exchange", self.exchange);
    f.shortstr("routing-key", self.routing_key);
    f.bit("mandatory", self.mandatory);
    f.bit("immediate", self.immediate);
  }
  friend bool operator==(const BasicPublish&, const BasicPublish&) = default;
};

struct BasicReturn {
  static constexpr MethodKey key{60, 50, "basic.return", Content::follows};
  std::uint16_t reply_code = 0;
  std::string_view reply_text = {};
  std::string_view exchange = {};
  std::string_view routing_key = {};
  static void fields(auto& self, auto& f) {
    f.short_number("reply-code", self.reply_code);
    f.shortstr("reply-text", self.reply_text);
    f.shortstr("exchange", self.exchange);
    f.shortstr("routing-key", self.routing_key);
  }
  friend bool operator==(const BasicReturn&, const BasicReturn&) = default;
};

struct BasicDeliver {
  static constexpr MethodKey key{60, 60, "basic.deliver", Content::follows};
  std::string_view consumer_tag = {};
  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
  std::string_view exchange = {};
  std::string_view routing_key = {};
  static void fields(auto& self, auto& f) {
    f.shortstr("consumer-tag", self.consumer_tag);
    f.longlong_number("delivery-tag", self.delivery_tag);
    f.bit("redelivered", self.redelivered);
    f.shortstr("exchange", self.exchange);
    f.shortstr("routing-key", self.routing_key);
  }
  friend bool operator==(const BasicDeliver&, const BasicDeliver&) = default;
};

struct BasicGet {
  static constexpr MethodKey key{60, 70, "basic.get"};
  std::string_view queue = {};
  bool no_ack = false;
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("queue", self.queue);
    f.bit("no-ack", self.no_ack);
  }
  friend bool operator==(const BasicGet&, const BasicGet&) = default;
};

struct BasicGetOk {
  static constexpr MethodKey key{60, 71, "basic.get-ok", Content::follows};
  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
  std::string_view exchange = {};
  std::string_view routing_key = {};
  std::uint32_t message_count = 0;
  static void fields(auto& self, auto& f) {
    f.longlong_number("delivery-tag", self.delivery_tag);
    f.bit("redelivered", self.redelivered);
    f.shortstr("exchange", self.exchange);
    f.shortstr("routing-key", self.routing_key);
    f.long_number("message-count", self.message_count);
  }
  friend bool operator==(const BasicGetOk&, const BasicGetOk&) = default;
};

struct BasicGetEmpty {
  static constexpr MethodKey key{60, 72, "basic.get-empty"};
  static void fields(auto&, auto& f) { f.reserved_shortstr(); }
  friend bool operator==(const BasicGetEmpty&, const BasicGetEmpty&) = default;
};

struct BasicAck {
  static constexpr MethodKey key{60, 80, "basic.ack"};
  std::uint64_t delivery_tag = 0;
  bool multiple = false;
  static void fields(auto& self, auto& f) {
    f.longlong_number("delivery-tag", self.delivery_tag);
    f.bit("multiple", self.multiple);
  }
  friend bool operator==(const BasicAck&, const BasicAck&) = default;
};

struct BasicReject {
  static constexpr MethodKey key{60, 90, "basic.reject"};
  std::uint64_t delivery_tag = 0;
  bool requeue = false;
  static void fields(auto& self, auto& f) {
    f.longlong_number("delivery-tag", self.delivery_tag);
    f.bit("requeue", self.requeue);
  }
  friend bool operator==(const BasicReject&, const BasicReject&) = default;
};

struct BasicRecoverAsync {
  static constexpr MethodKey key{60, 100, "basic.recover-async"};
  bool requeue = false;
  static void fields(auto& self, auto& f) { f.bit("requeue", self.requeue); }
  friend bool operator==(const BasicRecoverAsync&, const BasicRecoverAsync&) = default;
};

struct BasicRecover {
  static constexpr MethodKey key{60, 110, "basic.recover"};
  bool requeue = false;
  static void fields(auto& self, auto& f) { f.bit("requeue", self.requeue); }
  friend bool operator==(const BasicRecover&, const BasicRecover&) = default;
};

struct BasicRecoverOk {
  static constexpr MethodKey key{60, 111, "basic.recover-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const BasicRecoverOk&, const BasicRecoverOk&) = default;
};

struct BasicNack {
  static constexpr MethodKey key{60, 120, "basic.nack"};
  std::uint64_t delivery_tag = 0;
  bool multiple = false;
  bool requeue = false;
  static void fields(auto& self, auto& f) {
    f.longlong_number("delivery-tag", self.delivery_tag);
    f.bit("multiple", self.multiple);
    f.bit("requeue", self.requeue);
  }
  friend bool operator==(const BasicNack&, const BasicNack&) = default;
};
}  // namespace tutti::wire::amqp
