// Brings finished spans to the collector in batches. It is driven from one background fiber, so no request ever waits
// for it:
//
//   while (!stopping) sleep_until(exporter.step());
//   exporter.flush(deadline);
//
// How bytes travel is not its business: it is given a function that sends one body.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tutti/clock.hpp>
#include <tutti/random.hpp>

#include "observe/trace/otlp.hpp"
#include "observe/trace/span_queue.hpp"

namespace tutti::observe {

struct SpanExporterSettings {
  std::size_t batch_spans_max = 512;
  std::chrono::nanoseconds interval = std::chrono::seconds(5);  // a batch that is not full waits this long
  std::chrono::nanoseconds send_timeout = std::chrono::seconds(10);
  int attempts_max = 5;                                             // per batch
  std::chrono::nanoseconds backoff = std::chrono::seconds(1);       // doubles, with jitter of a half
  std::chrono::nanoseconds backoff_max = std::chrono::seconds(30);  // also caps the collector's Retry-After
};

struct ExportReply {
  int status = 0;  // HTTP's; 0: the collector was not reached
  std::optional<std::chrono::nanoseconds> retry_after = {};
};

// POSTs to <endpoint>/v1/traces with Content-Type application/json. Waits, no longer than the deadline. A throw counts
// as "not reached".
using ExportSend = std::function<ExportReply(const std::string& body, Instant deadline)>;

// Counts since the start, for metrics. Any thread may read them.
struct ExportCounts {
  std::atomic<std::uint64_t> sent{0};     // spans
  std::atomic<std::uint64_t> failed{0};   // spans given up: refused, or no attempt left
  std::atomic<std::uint64_t> retries{0};  // requests
};

class SpanExporter {
 public:
  SpanExporter(const SpanExporterSettings& settings, const OtlpResource& resource, const Clock& clock, Random& random,
               ExportSend send);

  // One queue per shard. Before the first step; the queue outlives this.
  void attach(SpanQueue& queue);

  // Does what is due: sends a batch or tries one again. Returns when to call next. Waits in `send` only.
  [[nodiscard]] Instant step();

  // Sends what there is, each batch once, until the deadline; what is left then is counted as failed. Waits.
  void flush(Instant deadline);

  [[nodiscard]] const ExportCounts& counts() const noexcept { return counts_; }

 private:
  enum class Result { done, again };
  void fill_batch();
  [[nodiscard]] Result try_batch(Instant deadline);
  void give_up();
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::chrono::nanoseconds pause_before_retry();

  const SpanExporterSettings settings_;
  const OtlpEncoder encoder_;
  const Clock& clock_;
  Random& random_;
  const ExportSend send_;
  std::vector<SpanQueue*> queues_;

  std::vector<std::unique_ptr<SpanRecord>> batch_;  // taken, not yet sent
  std::string body_;                                // of batch_
  int attempts_ = 0;                                // made for batch_
  Instant not_before_{};                            // of the next attempt
  Instant batch_due_{};                             // when a batch that is not full goes
  std::optional<std::chrono::nanoseconds> asked_pause_;
  ExportCounts counts_;
};

}  // namespace tutti::observe
