#include "database/outbox.hpp"

namespace tutti::database {
namespace {

// Ids grow by one, and rows leave from the front: their span is the count, or more where rows have left out of order.
std::int64_t rows_at_most(Connection& connection) {
  auto span = connection.prepare("select coalesce(max(id) - min(id) + 1, 0) from tutti_outbox", Author::library);
  span.step();
  return span.int_at(0);
}

std::uint64_t drop_old(Connection& connection, Time now, const DatabaseRules& rules) {
  auto drop = connection.prepare(
      "delete from tutti_outbox where id in "
      "(select id from tutti_outbox where created_at < ? order by created_at limit ?)",
      Author::library);
  drop.bind_int(1, (now - rules.outbox_age_max).since_epoch.count());
  drop.bind_int(2, static_cast<std::int64_t>(clean_batch_max));
  drop.finish();
  return static_cast<std::uint64_t>(connection.changes());
}

}  // namespace

std::int64_t outbox_rows(Connection& connection) {
  auto count = connection.prepare("select count(*) from tutti_outbox", Author::library);
  count.step();
  return count.int_at(0);
}

OutboxState add_to_outbox(Connection& connection, const OutboxRow& row, const DatabaseRules& rules) {
  OutboxState state;
  state.dropped = drop_old(connection, row.created_at, rules);
  const auto limit = static_cast<std::int64_t>(rules.outbox_rows_max);
  state.rows = rows_at_most(connection);
  if (state.rows >= limit) state.rows = outbox_rows(connection);
  if (state.rows >= limit)
    throw Error(Code::resource_exhausted, std::to_string(state.rows) +
                                              " events wait in the outbox to be sent, the most that outbox_rows_max "
                                              "allows; is the broker reachable?");
  auto insert = connection.prepare(
      "insert into tutti_outbox (event, message_id, body, traceparent, created_at, context) values (?, ?, ?, ?, ?, ?)",
      Author::library);
  insert.bind_text(1, row.event);
  insert.bind_text(2, row.message_id);
  insert.bind_text(3, row.body);
  insert.bind_text(4, row.traceparent);
  insert.bind_int(5, row.created_at.since_epoch.count());
  insert.bind_blob(6, row.context);
  insert.finish();
  ++state.rows;
  return state;
}

std::vector<OutboxRow> read_outbox(Connection& connection, std::size_t rows_max) {
  std::vector<OutboxRow> found;
  auto rows = connection.prepare(
      "select id, event, message_id, body, traceparent, created_at, context from tutti_outbox order by id limit ?",
      Author::library);
  rows.bind_int(1, static_cast<std::int64_t>(rows_max));
  while (rows.step())
    found.push_back({.id = rows.int_at(0),
                     .event = rows.text_at(1),
                     .message_id = rows.text_at(2),
                     .body = rows.text_at(3),
                     .traceparent = rows.text_at(4),
                     .context = rows.text_at(6),
                     .created_at = Time{std::chrono::nanoseconds(rows.int_at(5))}});
  return found;
}

bool take_outbox(Connection& connection, std::string_view relay, Time now, Time until) {
  auto take = connection.prepare(
      "insert into tutti_outbox_relay (id, relay, until) values (1, ?1, ?2) on conflict (id) do update set "
      "relay = ?1, until = ?2 where relay = ?1 or until < ?3 returning id",
      Author::library);
  take.bind_text(1, relay);
  take.bind_int(2, until.since_epoch.count());
  take.bind_int(3, now.since_epoch.count());
  const bool taken = take.step();
  take.finish();
  return taken;
}

void leave_outbox(Connection& connection, std::string_view relay) {
  auto leave = connection.prepare("delete from tutti_outbox_relay where relay = ?", Author::library);
  leave.bind_text(1, relay);
  leave.finish();
}

void remove_outbox_rows(Connection& connection, std::span<const std::int64_t> ids) {
  for (const std::int64_t id : ids) {
    auto remove = connection.prepare("delete from tutti_outbox where id = ?", Author::library);
    remove.bind_int(1, id);
    remove.finish();
  }
}

}  // namespace tutti::database
