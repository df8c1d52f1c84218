// Classes confirm (85) and tx (90): what a publisher may ask of its channel, so that it learns what became of its
// messages.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/amqp/method_key.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::wire::amqp {

struct ConfirmSelect {
  static constexpr MethodKey key{85, 10, "confirm.select"};
  bool no_wait = false;
  static void fields(auto& self, auto& f) { f.bit("nowait", self.no_wait); }
  friend bool operator==(const ConfirmSelect&, const ConfirmSelect&) = default;
};

struct ConfirmSelectOk {
  static constexpr MethodKey key{85, 11, "confirm.select-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const ConfirmSelectOk&, const ConfirmSelectOk&) = default;
};

struct TxSelect {
  static constexpr MethodKey key{90, 10, "tx.select"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const TxSelect&, const TxSelect&) = default;
};

struct TxSelectOk {
  static constexpr MethodKey key{90, 11, "tx.select-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const TxSelectOk&, const TxSelectOk&) = default;
};

struct TxCommit {
  static constexpr MethodKey key{90, 20, "tx.commit"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const TxCommit&, const TxCommit&) = default;
};

struct TxCommitOk {
  static constexpr MethodKey key{90, 21, "tx.commit-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const TxCommitOk&, const TxCommitOk&) = default;
};

struct TxRollback {
  static constexpr MethodKey key{90, 30, "tx.rollback"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const TxRollback&, const TxRollback&) = default;
};

struct TxRollbackOk {
  static constexpr MethodKey key{90, 31, "tx.rollback-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const TxRollbackOk&, const TxRollbackOk&) = default;
};
}  // namespace tutti::wire::amqp
