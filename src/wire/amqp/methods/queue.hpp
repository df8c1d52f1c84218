// Class queue (50): where messages wait, and which of them come in.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/amqp/method_key.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::wire::amqp {

struct QueueDeclare {
  static constexpr MethodKey key{50, 10, "queue.declare"};
  std::string_view queue = {};
  bool passive = false;
  bool durable = false;
  bool exclusive = false;
  bool auto_delete = false;
  bool no_wait = false;
  Table arguments = {};
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("queue", self.queue);
    f.bit("passive", self.passive);
    f.bit("durable", self.durable);
    f.bit("exclusive", self.exclusive);
    f.bit("auto-delete", self.auto_delete);
    f.bit("no-wait", self.no_wait);
    f.table("arguments", self.arguments);
  }
  friend bool operator==(const QueueDeclare&, const QueueDeclare&) = default;
};

struct QueueDeclareOk {
  static constexpr MethodKey key{50, 11, "queue.declare-ok"};
  std::string_view queue = {};
  std::uint32_t message_count = 0;
  std::uint32_t consumer_count = 0;
  static void fields(auto& self, auto& f) {
    f.shortstr("queue", self.queue);
    f.long_number("message-count", self.message_count);
    f.long_number("consumer-count", self.consumer_count);
  }
  friend bool operator==(const QueueDeclareOk&, const QueueDeclareOk&) = default;
};

struct QueueBind {
  static constexpr MethodKey key{50, 20, "queue.bind"};
  std::string_view queue = {};
  std::string_view exchange = {};
  std::string_view routing_key = {};
  bool no_wait = false;
  Table arguments = {};
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("queue", self.queue);
    f.shortstr("exchange", self.exchange);
    f.shortstr("routing-key", self.routing_key);
    f.bit("no-wait", self.no_wait);
    f.table("arguments", self.arguments);
  }
  friend bool operator==(const QueueBind&, const QueueBind&) = default;
};

struct QueueBindOk {
  static constexpr MethodKey key{50, 21, "queue.bind-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const QueueBindOk&, const QueueBindOk&) = default;
};

struct QueueUnbind {
  static constexpr MethodKey key{50, 50, "queue.unbind"};
  std::string_view queue = {};
  std::string_view exchange = {};
  std::string_view routing_key = {};
  Table arguments = {};
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("queue", self.queue);
    f.shortstr("exchange", self.exchange);
    f.shortstr("routing-key", self.routing_key);
    f.table("arguments", self.arguments);
  }
  friend bool operator==(const QueueUnbind&, const QueueUnbind&) = default;
};

struct QueueUnbindOk {
  static constexpr MethodKey key{50, 51, "queue.unbind-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const QueueUnbindOk&, const QueueUnbindOk&) = default;
};

struct QueuePurge {
  static constexpr MethodKey key{50, 30, "queue.purge"};
  std::string_view queue = {};
  bool no_wait = false;
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("queue", self.queue);
    f.bit("no-wait", self.no_wait);
  }
  friend bool operator==(const QueuePurge&, const QueuePurge&) = default;
};

struct QueuePurgeOk {
  static constexpr MethodKey key{50, 31, "queue.purge-ok"};
  std::uint32_t message_count = 0;
  static void fields(auto& self, auto& f) { f.long_number("message-count", self.message_count); }
  friend bool operator==(const QueuePurgeOk&, const QueuePurgeOk&) = default;
};

struct QueueDelete {
  static constexpr MethodKey key{50, 40, "queue.delete"};
  std::string_view queue = {};
  bool if_unused = false;
  bool if_empty = false;
  bool no_wait = false;
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("queue", self.queue);
    f.bit("if-unused", self.if_unused);
    f.bit("if-empty", self.if_empty);
    f.bit("no-wait", self.no_wait);
  }
  friend bool operator==(const QueueDelete&, const QueueDelete&) = default;
};

struct QueueDeleteOk {
  static constexpr MethodKey key{50, 41, "queue.delete-ok"};
  std::uint32_t message_count = 0;
  static void fields(auto& self, auto& f) { f.long_number("message-count", self.message_count); }
  friend bool operator==(const QueueDeleteOk&, const QueueDeleteOk&) = default;
};
}  // namespace tutti::wire::amqp
