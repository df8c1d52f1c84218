#include "service/outbox_relay.hpp"

#include <utility>
#include <vector>

#include <tutti/wait.hpp>

#include "service/event_wire.hpp"

namespace tutti::detail {
namespace {

constexpr std::chrono::nanoseconds send_timeout =
    std::chrono::seconds(8);  // then the reason is looked at, and all is sent anew
// Of a batch. Whoever is killed in the middle keeps the others, and its own next life, waiting for so long.
constexpr std::chrono::nanoseconds turn = std::chrono::seconds(10);
constexpr std::chrono::nanoseconds pause_while_another_sends = std::chrono::milliseconds(200);
constexpr std::chrono::nanoseconds pause_after_failure = std::chrono::seconds(1);

struct Outgoing {
  std::string exchange;
  std::string routing_key;
  std::string properties;
};

// "orders.placed": a service's name has no dot, an event's may.
Outgoing outgoing_of(const database::OutboxRow& row) {
  const std::size_t dot = row.event.find('.');
  return {.exchange = exchange_of(row.event.substr(0, dot)),
          .routing_key = dot == std::string::npos ? std::string() : row.event.substr(dot + 1),
          .properties = event_properties({.id = row.message_id, .at = row.created_at, .traceparent = row.traceparent, .context = row.context})};
}

}  // namespace

void OutboxRelay::run() {
  runtime::set_deadline(Instant::never());
  runtime::set_context(nullptr);
  for (;;) {
    bool failed = false, mine = true;
    std::size_t gone = 0;
    try {
      mine = database_.core().outbox(1).empty() || database_.core().take_outbox(id_, clock_.now() + turn);
      if (mine) gone = send_batch();
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) return;
      tell(error.what());
      failed = true;
    }
    try {
      if (failed) {
        sleep(pause_after_failure);
      } else if (!mine) {
        sleep(pause_while_another_sends);
      } else if (gone < batch_max) {  // after a whole batch there may be more
        (void)parker_.park(runtime::Shard::current().now() + look_every, "events to send");
      }
    } catch (const Error&) {
      return;
    }
  }
}

std::size_t OutboxRelay::send_batch() {
  const std::vector<database::OutboxRow> rows = database_.core().outbox(batch_max);
  if (rows.empty()) return 0;
  std::vector<Outgoing> outgoing;
  outgoing.reserve(rows.size());
  std::vector<bus::Publication> publications;
  for (const database::OutboxRow& row : rows) {
    const Outgoing& made = outgoing.emplace_back(outgoing_of(row));
    publications.push_back({.exchange = made.exchange,
                            .routing_key = made.routing_key,
                            .message_id = row.message_id,
                            .properties = made.properties,
                            .body = row.body});
  }
  std::string failure;
  try {
    publisher_.publish(publications, runtime::Shard::current().now() + send_timeout);
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    failure = error.what();
  }
  std::vector<std::int64_t> confirmed;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (publications[i].outcome == bus::Publication::Outcome::confirmed)
      confirmed.push_back(rows[i].id);
    else if (failure.empty())
      failure = publications[i].reason;
  }
  if (!confirmed.empty()) database_.core().remove_from_outbox(confirmed, id_);
  if (!failure.empty()) throw Error(Code::unavailable, "events of the outbox wait: " + failure);
  told_.clear();
  return confirmed.size();
}

// Once per reason, not once per attempt.
void OutboxRelay::tell(const std::string& sentence) {
  if (std::exchange(told_, sentence) != sentence) report_(sentence);
}

}  // namespace tutti::detail
