// Class exchange (40): where messages are published to, and exchanges bound to exchanges.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/amqp/method_key.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::wire::amqp {

struct ExchangeDeclare {
  static constexpr MethodKey key{40, 10, "exchange.declare"};
  std::string_view exchange = {};
  std::string_view type = {};
  bool passive = false;
  bool durable = false;
  bool auto_delete = false;
  bool internal = false;
  bool no_wait = false;
  Table arguments = {};
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("exchange", self.exchange);
    f.shortstr("type", self.type);
    f.bit("passive", self.passive);
    f.bit("durable", self.durable);
    f.bit("auto-delete", self.auto_delete);
    f.bit("internal", self.internal);
    f.bit("no-wait", self.no_wait);
    f.table("arguments", self.arguments);
  }
  friend bool operator==(const ExchangeDeclare&, const ExchangeDeclare&) = default;
};

struct ExchangeDeclareOk {
  static constexpr MethodKey key{40, 11, "exchange.declare-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const ExchangeDeclareOk&, const ExchangeDeclareOk&) = default;
};

struct ExchangeDelete {
  static constexpr MethodKey key{40, 20, "exchange.delete"};
  std::string_view exchange = {};
  bool if_unused = false;
  bool no_wait = false;
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("exchange", self.exchange);
    f.bit("if-unused", self.if_unused);
    f.bit("no-wait", self.no_wait);
  }
  friend bool operator==(const ExchangeDelete&, const ExchangeDelete&) = default;
};

struct ExchangeDeleteOk {
  static constexpr MethodKey key{40, 21, "exchange.delete-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const ExchangeDeleteOk&, const ExchangeDeleteOk&) = default;
};

struct ExchangeBind {
  static constexpr MethodKey key{40, 30, "exchange.bind"};
  std::string_view destination = {};
  std::string_view source = {};
  std::string_view routing_key = {};
  bool no_wait = false;
  Table arguments = {};
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("destination", self.destination);
    f.shortstr("source", self.source);
    f.shortstr("routing-key", self.routing_key);
    f.bit("no-wait", self.no_wait);
    f.table("arguments", self.arguments);
  }
  friend bool operator==(const ExchangeBind&, const ExchangeBind&) = default;
};

struct ExchangeBindOk {
  static constexpr MethodKey key{40, 31, "exchange.bind-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const ExchangeBindOk&, const ExchangeBindOk&) = default;
};

struct ExchangeUnbind {
  static constexpr MethodKey key{40, 40, "exchange.unbind"};
  std::string_view destination = {};
  std::string_view source = {};
  std::string_view routing_key = {};
  bool no_wait = false;
  Table arguments = {};
  static void fields(auto& self, auto& f) {
    f.reserved_short();
    f.shortstr("destination", self.destination);
    f.shortstr("source", self.source);
    f.shortstr("routing-key", self.routing_key);
    f.bit("no-wait", self.no_wait);
    f.table("arguments", self.arguments);
  }
  friend bool operator==(const ExchangeUnbind&, const ExchangeUnbind&) = default;
};

struct ExchangeUnbindOk {
  static constexpr MethodKey key{40, 51, "exchange.unbind-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const ExchangeUnbindOk&, const ExchangeUnbindOk&) = default;
};
}  // namespace tutti::wire::amqp
