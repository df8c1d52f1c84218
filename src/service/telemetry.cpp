#include "service/telemetry.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <tutti/wait.hpp>

namespace tutti::detail {
namespace {

constexpr std::chrono::milliseconds interval_shortest{100};
constexpr std::chrono::nanoseconds metrics_timeout = std::chrono::seconds(10);

template <class Exporter>
void step_for_ever(Family& background, Exporter& exporter, runtime::Shard& shard) {
  struct Steps {
    Exporter* exporter;
    runtime::Shard* shard;
    void operator()() const {
      for (;;) tutti::sleep(std::max(exporter->step() - shard->read_clock(), std::chrono::nanoseconds(0)));
    }
  } task{&exporter, &shard};
  background.spawn(task_type<Steps>, &task);
}

// What of a kind the collector took, and what it never will.
void observe_counts(Metrics& own, std::string_view sent, std::string_view lost, const Instrument& about_sent,
                    const Instrument& about_lost, const observe::ExportCounts& counts,
                    std::function<std::uint64_t()> dropped) {
  own.observe_total(sent, about_sent, {},
                    [&counts] { return static_cast<double>(counts.sent.load(std::memory_order_relaxed)); });
  own.observe_total(lost, about_lost, {}, [&counts, dropped = std::move(dropped)] {
    return static_cast<double>(counts.failed.load(std::memory_order_relaxed) + dropped());
  });
}

}  // namespace

Telemetry::Telemetry(world::World& world, const LibrarySettings& library, observe::LogSink& lines)
    : world_(world), library_(library), lines_(lines) {
  if (library.metrics.interval < interval_shortest) {
    throw Error(Code::failed_precondition, "tutti.metrics.interval is " +
                                               std::to_string(library.metrics.interval.count()) +
                                               "ms; expected 100ms or longer");
  }
  if (!library.trace.endpoint.empty()) span_queue_ = std::make_unique<observe::SpanQueue>();
  if (!library.log.endpoint.empty()) {
    log_queue_ = std::make_unique<observe::LogQueue>();
    log_records_ = std::make_unique<observe::ExportingSink>(lines, *log_queue_);
  }
}

Telemetry::~Telemetry() = default;

observe::LogSink& Telemetry::log_sink() noexcept {
  if (log_records_) return *log_records_;
  return lines_;
}

void Telemetry::start(Start start, Metrics& own) {
  start_ = std::make_unique<Start>(std::move(start));
  const observe::OtlpResource resource{
      .service_name = start_->service, .service_version = start_->version, .instance_id = world_.random().id()};
  runtime::Shard& shard = start_->host.shard();
  if (span_queue_) {
    span_exporter_ =
        std::make_unique<observe::SpanExporter>(observe::ExporterSettings{}, resource, world_.clock(), world_.random(),
                                                sender(library_.trace.endpoint, "/v1/traces"));
    span_exporter_->attach(*span_queue_);
    observe_counts(own, "tutti.trace.spans.sent", "tutti.trace.spans.lost",
                   {.unit = "{span}", .description = "Spans that the collector took"},
                   {.unit = "{span}",
                    .description = "Spans given up: the queue was full, the collector refused them or was not reached"},
                   span_exporter_->counts(), [this] { return span_queue_->dropped(); });
    step_for_ever(start_->background, *span_exporter_, shard);
  }
  if (log_queue_) {
    log_exporter_ = std::make_unique<observe::LogExporter>(observe::ExporterSettings{}, resource, world_.clock(),
                                                           world_.random(), sender(library_.log.endpoint, "/v1/logs"));
    log_exporter_->attach(*log_queue_);
    observe_counts(
        own, "tutti.log.records.sent", "tutti.log.records.lost",
        {.unit = "{record}", .description = "Log records that the collector took"},
        {.unit = "{record}",
         .description = "Log records given up: the queue was full, the collector refused them or was not reached"},
        log_exporter_->counts(), [this] { return log_queue_->dropped(); });
    step_for_ever(start_->background, *log_exporter_, shard);
  }
  if (!library_.metrics.endpoint.empty()) {
    metric_encoder_ = std::make_unique<observe::OtlpMetricEncoder>(resource, world_.clock().now());
    send_metrics_ = sender(library_.metrics.endpoint, "/v1/metrics");
    observe_counts(own, "tutti.metrics.pushes", "tutti.metrics.pushes.failed",
                   {.unit = "{push}", .description = "Times that the collector took all metrics"},
                   {.unit = "{push}", .description = "Times that it did not; the next one has all that this one had"},
                   metric_counts_, [] { return std::uint64_t{0}; });
    struct Push {
      Telemetry* telemetry;
      runtime::Shard* shard;
      void operator()() const {
        for (;;) {
          tutti::sleep(telemetry->library_.metrics.interval);
          telemetry->push_metrics(shard->read_clock() + metrics_timeout);
        }
      }
    } task{this, &shard};
    start_->background.spawn(task_type<Push>, &task);
  }
}

void Telemetry::push_metrics(Instant deadline) {
  const std::vector<const Metrics*> parts = start_->metrics();
  const observe::ExportReply reply = send_metrics_(metric_encoder_->encode(parts, world_.clock().now()), deadline);
  auto& count = reply.status >= 200 && reply.status < 300 ? metric_counts_.sent : metric_counts_.failed;
  count.fetch_add(1, std::memory_order_relaxed);
}

void Telemetry::flush(Instant until) {
  if (span_exporter_) span_exporter_->flush(until);
  if (metric_encoder_) push_metrics(until);
  if (log_exporter_) log_exporter_->flush(until);
}

observe::ExportSend Telemetry::sender(const std::string& endpoint, const char* path) {
  std::string url = endpoint;
  while (url.ends_with('/')) url.pop_back();
  url += path;
  return [this, url, told = false](const std::string& body, Instant deadline) mutable -> observe::ExportReply {
    try {
      const HttpReply reply = start_->host.client().http().send({.method = "POST",
                                                                 .url = url,
                                                                 .headers = {{"content-type", "application/json"}},
                                                                 .body = body,
                                                                 .deadline = deadline - start_->host.shard().now()});
      told = false;
      observe::ExportReply result{.status = reply.status};
      if (const auto after = reply.header("retry-after"))
        result.retry_after = std::chrono::seconds(std::atoi(std::string(*after).c_str()));
      return result;
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;  // the process ends; what is left is flushed
      // The exporter counts and tries again; the log is told once.
      if (!std::exchange(told, true))
        start_->log.warn("the collector is not reached; what is meant for it waits and then is given up",
                         {{"url.full", url}, {"exception.message", error.what()}});
      return {};
    }
  };
}

}  // namespace tutti::detail
