#include "service/process_metrics.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "database/core.hpp"
#include "runtime/parker.hpp"
#include "service/composition.hpp"
#include "service/host.hpp"

namespace tutti::detail {
namespace {

constexpr std::chrono::nanoseconds patience = std::chrono::seconds(1);

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

// One refresh on its way; it may end before its last answer comes.
struct Round {
  explicit Round(std::size_t shards) : missing(shards) {}
  std::size_t missing;
  runtime::Parker all_here;
};

}  // namespace

template <class Figure>
std::function<double()> ProcessMetrics::sum(Figure figure) const {
  return [this, figure] {
    double total = 0;
    for (const auto& shard : shards_) total += static_cast<double>(figure(shard->seen));
    return total;
  };
}

ProcessMetrics::ProcessMetrics(Metrics& metrics) : metrics_(metrics) {
  metrics.observe("tutti.runtime.fibers", {.unit = "{fiber}", .description = "Fibers that run or wait"}, {},
                  sum([](const MemberFigures& m) { return m.shard.fibers; }));
  metrics.observe("tutti.runtime.fibers.pooled", {.unit = "{fiber}", .description = "Stacks kept for the next fibers"},
                  {}, sum([](const MemberFigures& m) { return m.shard.fibers_idle; }));
  metrics.observe("tutti.runtime.timers", {.unit = "{timer}", .description = "Timers that are armed"}, {},
                  sum([](const MemberFigures& m) { return m.shard.timers; }));
  metrics.observe_total("tutti.runtime.loop.turns", {.unit = "{turn}", .description = "Turns of the event loops"}, {},
                        sum([](const MemberFigures& m) { return m.shard.turns; }));
  metrics.observe(
      "tutti.runtime.loop.lag",
      {.unit = "s",
       .description =
           "Longest turn of an event loop since the last look: so long a request may have waited for others"},
      {}, [this] {
        std::chrono::nanoseconds longest{0};
        for (const auto& shard : shards_) longest = std::max(longest, shard->seen.shard.lag_longest);
        return seconds(longest);
      });
  metrics.observe("tutti.overload.limit",
                  {.unit = "{request}",
                   .description = "Requests that are worked on at once at most; 1000000 and more: as many as come"},
                  {}, sum([](const MemberFigures& m) { return m.limit.limit; }));
  metrics.observe("tutti.overload.in_flight", {.unit = "{request}", .description = "Requests that are worked on now"},
                  {}, sum([](const MemberFigures& m) { return m.limit.in_flight; }));
  metrics.observe_total("tutti.overload.shed", {.unit = "{request}", .description = "Requests refused as overloaded"},
                        {}, sum([](const MemberFigures& m) { return m.limit.shed; }));
  metrics.observe("tutti.overload.wait",
                  {.unit = "s", .description = "Mean wait of work for its thread, of the busiest shard"}, {}, [this] {
                    std::chrono::nanoseconds longest{0};
                    for (const auto& shard : shards_) longest = std::max(longest, shard->seen.limit.wait);
                    return seconds(longest);
                  });
  metrics.observe("tutti.http.connections", {.unit = "{connection}", .description = "Open HTTP connections"}, {},
                  sum([](const MemberFigures& m) { return m.http.connections; }));
  metrics.observe("tutti.http.in_flight", {.unit = "{request}", .description = "HTTP requests being handled"}, {},
                  sum([](const MemberFigures& m) { return m.http.in_flight; }));
  metrics.observe_total("tutti.http.connections.refused",
                        {.unit = "{connection}", .description = "Connections over the limit or out of descriptors"}, {},
                        sum([](const MemberFigures& m) { return m.http.refused_connections; }));
  metrics.observe("tutti.rpc.connections", {.unit = "{connection}", .description = "Open RPC connections"}, {},
                  sum([](const MemberFigures& m) { return m.rpc.connections; }));
  metrics.observe("tutti.rpc.in_flight", {.unit = "{request}", .description = "RPC calls being handled"}, {},
                  sum([](const MemberFigures& m) { return m.rpc.in_flight; }));
  metrics.observe("tutti.websocket.connections", {.unit = "{connection}", .description = "Open WebSockets"}, {},
                  sum([](const MemberFigures& m) { return m.websocket.connections; }));
  metrics.observe_total("tutti.websocket.messages.received",
                        {.unit = "{message}", .description = "Messages of clients over WebSockets"}, {},
                        sum([](const MemberFigures& m) { return m.websocket.received; }));
  metrics.observe_total(
      "tutti.websocket.messages.sent",
      {.unit = "{message}", .description = "Messages to clients over WebSockets, each client counted"}, {},
      sum([](const MemberFigures& m) { return m.websocket.sent; }));
  metrics.observe_total("tutti.websocket.messages.dropped",
                        {.unit = "{message}", .description = "Of those sent: lost, as the client was too slow"}, {},
                        sum([](const MemberFigures& m) { return m.websocket.dropped; }));
  metrics.observe_total("tutti.websocket.overflows",
                        {.unit = "{connection}", .description = "WebSockets closed because the client was too slow"},
                        {}, sum([](const MemberFigures& m) { return m.websocket.overflowed; }));
  metrics.observe("tutti.events.waiting", {.unit = "{event}", .description = "Events not yet handled"}, {},
                  sum([](const MemberFigures& m) { return m.bus.waiting; }));
  metrics.observe_total("tutti.events.dead",
                        {.unit = "{event}", .description = "Events given up after their last attempt"}, {},
                        sum([](const MemberFigures& m) { return m.bus.dead; }));
  metrics.observe_total("tutti.events.published", {.unit = "{event}", .description = "Events published here"}, {},
                        sum([](const MemberFigures& m) { return m.bus.published; }));
  metrics.observe_total("tutti.events.handled", {.unit = "{event}", .description = "Events handled without a failure"},
                        {}, sum([](const MemberFigures& m) { return m.bus.handled; }));
  metrics.observe_total("tutti.events.retried", {.unit = "{event}", .description = "Failed events to be tried again"},
                        {}, sum([](const MemberFigures& m) { return m.bus.retried; }));
  metrics.observe_total("tutti.broker.confirmed",
                        {.unit = "{message}", .description = "Messages that the broker has confirmed"}, {},
                        sum([](const MemberFigures& m) { return m.bus.confirmed; }));
  metrics.observe_total("tutti.broker.sent_again",
                        {.unit = "{message}", .description = "Messages sent again as no confirm had come"}, {},
                        sum([](const MemberFigures& m) { return m.bus.sent_again; }));
  metrics.observe("tutti.broker.unconfirmed",
                  {.unit = "{message}", .description = "Messages that wait for the broker's confirm"}, {},
                  sum([](const MemberFigures& m) { return m.bus.unconfirmed; }));
  metrics.observe_total("tutti.broker.consumed",
                        {.unit = "{message}", .description = "Messages that the broker delivered"}, {},
                        sum([](const MemberFigures& m) { return m.bus.consumed; }));
  metrics.observe_total("tutti.broker.redelivered",
                        {.unit = "{message}", .description = "Of those delivered: not for the first time"}, {},
                        sum([](const MemberFigures& m) { return m.bus.redelivered; }));
  metrics.observe_total("tutti.broker.reconnects",
                        {.unit = "{connection}", .description = "Connections to the broker that were lost or failed"},
                        {}, sum([](const MemberFigures& m) { return m.bus.reconnects + m.calls_over_broker.reconnects; }));
  metrics.observe_total("tutti.broker.requests.late",
                        {.unit = "{message}", .description = "Answers over the broker that nobody waited for any more"},
                        {}, sum([](const MemberFigures& m) { return m.calls_over_broker.late; }));
  metrics.observe_total("tutti.broker.requests.sent_again",
                        {.unit = "{message}", .description = "Requests sent again as their connection was lost"}, {},
                        sum([](const MemberFigures& m) { return m.calls_over_broker.sent_again; }));
}

void ProcessMetrics::observe(runtime::Shard& shard, std::function<MemberFigures()> look) {
  shards_.push_back(std::make_unique<Observed>(Observed{&shard, std::move(look), {}}));
}

void ProcessMetrics::observe(runtime::OffloadPool& pool) {
  metrics_.observe("tutti.runtime.offload.queued",
                   {.unit = "{job}", .description = "Offloaded work waiting for a thread"}, {},
                   [&pool] { return static_cast<double>(pool.figures().queued); });
  metrics_.observe("tutti.runtime.offload.running", {.unit = "{job}", .description = "Offloaded work running"}, {},
                   [&pool] { return static_cast<double>(pool.figures().running); });
}

void ProcessMetrics::observe(Environment& environment) {
  metrics_.observe_total("tutti.log.lines.dropped",
                         {.unit = "{line}", .description = "Log lines that the reader of the log was too slow for"}, {},
                         [&environment] {
                           std::uint64_t dropped = environment.log().dropped();
                           for (const Host* host : environment.hosts()) {
                             for (const auto& composition : host->compositions())
                               dropped += composition->log_channel().dropped();
                           }
                           return static_cast<double>(dropped);
                         });
  for (const auto& [name, database] : environment.databases()) {
    metrics_.observe("tutti.database.outbox.rows", {.unit = "{row}", .description = "Events waiting for a broker"},
                     {{"db.namespace", name}},
                     [db = database] { return static_cast<double>(db->numbers().outbox_rows); });
    metrics_.observe("tutti.database.writers.waiting",
                     {.unit = "{fiber}", .description = "Fibers waiting for the write lock"}, {{"db.namespace", name}},
                     [db = database] { return static_cast<double>(db->numbers().writers_waiting); });
  }
}

void ProcessMetrics::observe(const runtime::StallWatch& watch) {
  metrics_.observe_total(
      "tutti.runtime.stalls",
      {.unit = "{stall}", .description = "Handlers that did not let their event loop go for tutti.stall_threshold"}, {},
      [&watch] { return static_cast<double>(watch.stalls()); });
}

void ProcessMetrics::observe_target(const std::string& name) {
  using Report = client::Client::TargetReport;
  const auto of_target = [this, name](auto figure) {
    return sum([name, figure](const MemberFigures& m) {
      const auto found = std::ranges::find(m.targets, name, &Report::name);
      return found == m.targets.end() ? 0 : static_cast<double>((*found).*figure);
    });
  };
  const auto gauge = [&](std::string_view metric, std::string_view unit, std::string_view description, auto figure) {
    metrics_.observe(metric, {.unit = unit, .description = description}, {{"tutti.target", name}}, of_target(figure));
  };
  const auto total = [&](std::string_view metric, std::string_view unit, std::string_view description, auto figure) {
    metrics_.observe_total(metric, {.unit = unit, .description = description}, {{"tutti.target", name}},
                           of_target(figure));
  };
  gauge("tutti.client.endpoints", "{endpoint}", "Endpoints of a target, each shard's counted", &Report::endpoints);
  gauge("tutti.client.endpoints.broken", "{endpoint}", "Of them: left alone, as they do not answer",
        &Report::open_breakers);
  gauge("tutti.client.endpoints.ejected", "{endpoint}", "Of them: left alone, as they fail more often than the others",
        &Report::ejected);
  gauge("tutti.client.in_flight", "{call}", "Calls to a target that are not answered yet", &Report::in_flight);
  total("tutti.client.retries", "{call}", "Attempts after the first", &Report::retries);
  total("tutti.client.ejections", "{endpoint}", "Times that an endpoint was ejected", &Report::ejections);
}

void ProcessMetrics::refresh() {
  const auto round = std::make_shared<Round>(shards_.size());
  runtime::Shard& here = runtime::Shard::current();
  for (const auto& each : shards_) {
    each->shard->post([round, &here, &observed = *each] {
      here.post([round, &observed, figures = observed.look()] {
        observed.seen = figures;
        if (--round->missing == 0) round->all_here.unpark();
      });
    });
  }
  (void)round->all_here.park(here.now() + patience, "the figures of the shards");
}

}  // namespace tutti::detail
