// What a process sends to an OpenTelemetry collector: spans, log records and metrics, each if its endpoint is set. All
// of it is sent from background fibers of the first shard; what the collector does not take in time is dropped and
// counted.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tutti/log.hpp>
#include <tutti/metrics.hpp>

#include "observe/log/owned_record.hpp"
#include "observe/otlp/logs.hpp"
#include "observe/otlp/metrics.hpp"
#include "observe/otlp/spans.hpp"
#include "service/host.hpp"
#include "service/library_settings.hpp"

namespace tutti::detail {

class Telemetry {
 public:
  // Throws tutti::Error(failed_precondition) for an interval that is none. `lines` outlives this.
  Telemetry(world::World& world, const LibrarySettings& library, observe::LogSink& lines);
  ~Telemetry();
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  [[nodiscard]] observe::SpanQueue* spans() noexcept { return span_queue_.get(); }  // null: spans are not sent
  [[nodiscard]] observe::LogSink& log_sink() noexcept;                              // for all logs of the process

  struct Start {
    Host& host;          // of the first shard: its client sends
    Family& background;  // cancelled and joined before flush
    std::string service;
    std::string version;
    Logger log;
    // All metrics of the process, as they are now. May wait.
    std::function<std::vector<const Metrics*>()> metrics;
  };
  // On a fiber of the first shard. Its own figures become metrics of `own`.
  void start(Start start, Metrics& own);
  // Sends what is left, each batch once, until then. Waits.
  void flush(Instant until);

 private:
  [[nodiscard]] observe::ExportSend sender(const std::string& endpoint, const char* path);
  void push_metrics(Instant deadline);

  world::World& world_;
  const LibrarySettings& library_;
  observe::LogSink& lines_;
  std::unique_ptr<observe::SpanQueue> span_queue_;
  std::unique_ptr<observe::LogQueue> log_queue_;
  std::unique_ptr<observe::ExportingSink> log_records_;
  std::unique_ptr<Start> start_;
  std::unique_ptr<observe::SpanExporter> span_exporter_;
  std::unique_ptr<observe::LogExporter> log_exporter_;
  std::unique_ptr<observe::OtlpMetricEncoder> metric_encoder_;
  observe::ExportSend send_metrics_;
  observe::ExportCounts metric_counts_;  // bodies
};

}  // namespace tutti::detail
