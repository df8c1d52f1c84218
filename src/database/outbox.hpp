// Events that were published in a transaction and have not been sent: rows of the same database, so that state and
// announcement are kept or lost together. They leave in the order of their ids. Bounded: over so many rows a publish
// fails; rows over so old are dropped, counted and reported.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/database.hpp>
#include <tutti/time.hpp>

#include "database/connection.hpp"

namespace tutti::database {

inline constexpr std::size_t clean_batch_max = 100;  // old rows removed by one transaction, of outbox and once each

struct OutboxRow {
  std::int64_t id = 0;
  std::string event;       // "orders.placed"
  std::string message_id;  // for the receiver to tell a repeat
  std::string body;        // JSON
  std::string traceparent;
  std::string context;  // what else travels with it, as bytes that only its sender knows
  Time created_at;
};

struct OutboxState {
  std::int64_t rows = 0;
  std::uint64_t dropped = 0;  // by this call
};

// Inside the transaction. Throws resource_exhausted when the outbox is full.
OutboxState add_to_outbox(Connection& connection, const OutboxRow& row, const DatabaseRules& rules);
[[nodiscard]] std::int64_t outbox_rows(Connection& connection);
[[nodiscard]] std::vector<OutboxRow> read_outbox(Connection& connection, std::size_t rows_max);
// The turn to send: one relay has it until then, or until it gives it back.
[[nodiscard]] bool take_outbox(Connection& connection, std::string_view relay, Time now, Time until);
void leave_outbox(Connection& connection, std::string_view relay);
void remove_outbox_rows(Connection& connection, std::span<const std::int64_t> ids);

}  // namespace tutti::database
