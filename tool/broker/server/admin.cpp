#include "broker/server/admin.hpp"

#include <array>

#include <tutti/metrics.hpp>

#include "broker/server/listing.hpp"
#include "broker/server/server_core.hpp"
#include "broker/session/channel.hpp"
#include "message/json_text.hpp"
#include "observe/metrics/process.hpp"
#include "observe/metrics/prometheus.hpp"

namespace tutti::broker {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view text_type = "text/plain; charset=utf-8";
constexpr std::string_view paths =
    "/livez\n/readyz\n/health\n/metrics\n/metrics/per-queue\n/queues\n/connections\n/consumers\n";
constexpr std::string_view as_text_suffix = ".txt";

struct Total {
  std::string_view name;
  std::string_view description;
  std::uint64_t SessionCounts::*figure;
};
constexpr std::array<Total, 6> totals{{
    {"tutti.broker.messages.published", "Messages that clients have published", &SessionCounts::published},
    {"tutti.broker.messages.unroutable", "Published messages that no queue took", &SessionCounts::unroutable},
    {"tutti.broker.messages.delivered", "Messages given to consumers and by basic.get", &SessionCounts::delivered},
    {"tutti.broker.messages.acknowledged", "Messages that consumers have acknowledged", &SessionCounts::acknowledged},
    {"tutti.broker.messages.rejected", "Messages that consumers have rejected", &SessionCounts::rejected},
    {"tutti.broker.messages.requeued", "Messages that went back into their queue", &SessionCounts::requeued},
}};

struct QueueTotals {
  std::size_t queues = 0;
  std::size_t ready = 0;
  std::size_t unacked = 0;
  std::size_t consumers = 0;
};

QueueTotals sum_of_queues(const Broker& broker) {
  QueueTotals sum;
  broker.for_each_host([&](const VirtualHost& host) {
    host.for_each_queue([&](const Queue& queue) {
      ++sum.queues;
      sum.ready += queue.ready();
      sum.unacked += queue.unacked();
      sum.consumers += queue.consumers();
    });
  });
  return sum;
}

void add_gauges(Metrics& metrics, ServerCore& server) {
  const auto gauge = [&](std::string_view name, std::string_view unit, std::string_view description, auto value) {
    metrics.gauge(name, {.unit = unit, .description = description}).set(static_cast<double>(value));
  };
  const QueueTotals sum = sum_of_queues(server.broker());
  std::size_t channels = 0;
  server.for_each_connection([&](const Connection& connection) { channels += connection.session().channels(); });
  gauge("tutti.broker.connections", "{connection}", "Open connections of clients", server.connections());
  gauge("tutti.broker.channels", "{channel}", "Open channels", channels);
  gauge("tutti.broker.queues", "{queue}", "Queues", sum.queues);
  gauge("tutti.broker.consumers", "{consumer}", "Consumers of all queues", sum.consumers);
  gauge("tutti.broker.messages.ready", "{message}", "Messages that wait in queues", sum.ready);
  gauge("tutti.broker.messages.unacknowledged", "{message}", "Messages delivered and not acknowledged yet",
        sum.unacked);
  gauge("tutti.broker.messages.size", "By", "Memory that messages take", server.broker().shared().account.bytes);
  gauge("tutti.broker.messages.size.limit", "By", "Memory of messages from which on publishers wait",
        server.broker().memory_bytes_max());
  gauge("tutti.broker.publishers_blocked", "", "1 while publishers have to wait", server.full() ? 1 : 0);
}

std::string metrics_text(ServerCore& server) {
  Metrics metrics;
  observe::observe_process(metrics);
  add_gauges(metrics, server);
  const SessionCounts counts = server.counts();
  for (const Total& total : totals)
    metrics.counter(total.name, {.unit = "{message}", .description = total.description}).add(counts.*total.figure);
  metrics.counter("tutti.broker.connections.accepted", {.unit = "{connection}", .description = "Clients that came"})
      .add(server.accepted_ever());
  const Metrics* const part = &metrics;
  return observe::prometheus_text({&part, 1});
}

std::string queue_metrics_text(ServerCore& server) {
  constexpr std::size_t no_limit = std::size_t{1} << 20;  // of series: as many as there are queues
  Metrics metrics({}, {.series_max = no_limit});
  Gauge& ready = metrics.gauge("tutti.broker.queue.ready",
                               {.unit = "{message}", .description = "Messages that wait in the queue"});
  Gauge& unacked =
      metrics.gauge("tutti.broker.queue.unacknowledged",
                    {.unit = "{message}", .description = "Messages of the queue delivered and not acknowledged yet"});
  Gauge& consumers =
      metrics.gauge("tutti.broker.queue.consumers", {.unit = "{consumer}", .description = "Consumers of the queue"});
  server.broker().for_each_host([&](const VirtualHost& host) {
    host.for_each_queue([&](const Queue& queue) {
      const std::array<Label, 2> labels{{{"vhost", host.name()}, {"queue", queue.name()}}};
      ready.with(labels).set(static_cast<double>(queue.ready()));
      unacked.with(labels).set(static_cast<double>(queue.unacked()));
      consumers.with(labels).set(static_cast<double>(queue.consumers()));
    });
  });
  const Metrics* const part = &metrics;
  return observe::prometheus_text({&part, 1});
}

class AdminServer final : public Admin, private net::HttpService {
 public:
  AdminServer(runtime::Shard& shard, ServerCore& server, const world::Address& listen)
      : server_(server),
        http_(net::serve_http(shard, *this, {.listen = listen, .limits = {.connections_max = connections_max}})) {}

  world::Address address() const override { return http_->address(); }

 private:
  static constexpr std::size_t connections_max = 100;

  net::Admission admit(const wire::http1::RequestHead&, const net::Peer&) override { return {}; }
  void refused(int, std::string_view, const net::Peer&) override {}

  void serve(net::HttpExchange& exchange) override {
    const auto& head = exchange.head();
    if (head.method != wire::http1::Method::get && head.method != wire::http1::Method::head) {
      const net::HttpHeader allow{"allow", "GET, HEAD"};
      return exchange.respond(405, text_type, "the admin listener answers GET only\n", {&allow, 1});
    }
    const std::string_view path = head.path;
    if (path == "/livez") return exchange.respond(200, json_type, R"({"status":"alive"})");
    if (path == "/readyz" || path == "/health") return answer_readiness(exchange);
    if (path == "/metrics") return exchange.respond(200, observe::prometheus_content_type, metrics_text(server_));
    if (path == "/metrics/per-queue")
      return exchange.respond(200, observe::prometheus_content_type, queue_metrics_text(server_));
    if (path == "/") return exchange.respond(200, text_type, paths);
    if (answer_listing(exchange, path)) return;
    exchange.respond(404, text_type, "nothing is here; try\n" + std::string(paths));
  }

  void answer_readiness(net::HttpExchange& exchange) {
    const std::string_view reason = server_.broker().full();
    if (reason.empty()) return exchange.respond(200, json_type, R"({"status":"ready"})");
    std::string body = R"({"status":"not ready","reasons":[)";
    message::append_json_text(body, "publishers wait: " + std::string(reason));
    exchange.respond(503, json_type, body + "]}");
  }

  bool answer_listing(net::HttpExchange& exchange, std::string_view path) {
    const bool as_text = path.ends_with(as_text_suffix);
    if (as_text) path.remove_suffix(as_text_suffix.size());
    for (const auto& [name, list] : {std::pair("/queues", &list_queues), std::pair("/connections", &list_connections),
                                     std::pair("/consumers", &list_consumers)}) {
      if (path != name) continue;
      const Listing listing = list(server_);
      exchange.respond(200, as_text ? text_type : json_type, as_text ? listing.as_table() : listing.as_json());
      return true;
    }
    return false;
  }

  ServerCore& server_;
  std::unique_ptr<net::HttpServer> http_;
};

}  // namespace

std::unique_ptr<Admin> serve_admin(runtime::Shard& shard, Server& server, const world::Address& listen) {
  return std::make_unique<AdminServer>(shard, static_cast<ServerCore&>(server), listen);
}

}  // namespace tutti::broker
