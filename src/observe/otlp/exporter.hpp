// Brings finished spans or log lines to the collector in batches. It is driven from one background fiber, so no request
// ever waits for it:
//
//   while (!stopping) sleep_until(exporter.step());
//   exporter.flush(deadline);
//
// How bytes travel is not its business: it is given a function that sends one body.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tutti/clock.hpp>
#include <tutti/random.hpp>

#include "observe/otlp/json.hpp"
#include "observe/otlp/record_queue.hpp"

namespace tutti::observe {

struct ExporterSettings {
  std::size_t batch_max = 512;                                  // records
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

// POSTs to <endpoint>/v1/traces, /v1/logs or /v1/metrics with Content-Type application/json. Waits, no longer than the
// deadline. A throw counts as "not reached".
using ExportSend = std::function<ExportReply(const std::string& body, Instant deadline)>;

// Counts since the start, for metrics. Any thread may read them.
struct ExportCounts {
  std::atomic<std::uint64_t> sent{0};     // records
  std::atomic<std::uint64_t> failed{0};   // records given up: refused, or no attempt left
  std::atomic<std::uint64_t> retries{0};  // requests
};

// OTLP/HTTP, "Failures": these and a collector that is not reached; anything else would be refused again.
[[nodiscard]] bool worth_another_try(int status) noexcept;
// Before the next attempt, of which `attempts` have failed.
[[nodiscard]] std::chrono::nanoseconds pause_before_retry(const ExporterSettings& settings, const ExportReply& last,
                                                          int attempts, Random& random);

// Encoder is made of an OtlpResource and has encode(span of unique_ptr<Record>).
template <class Record, class Encoder>
class BatchExporter {
 public:
  BatchExporter(const ExporterSettings& settings, const OtlpResource& resource, const Clock& clock, Random& random,
                ExportSend send)
      : settings_(settings), encoder_(resource), clock_(clock), random_(random), send_(std::move(send)) {
    batch_due_ = clock_.instant() + settings_.interval;
  }

  // One queue per shard. Before the first step; the queue outlives this.
  void attach(RecordQueue<Record>& queue) { queues_.push_back(&queue); }

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

  const ExporterSettings settings_;
  const Encoder encoder_;
  const Clock& clock_;
  Random& random_;
  const ExportSend send_;
  std::vector<RecordQueue<Record>*> queues_;

  std::vector<std::unique_ptr<Record>> batch_;  // taken, not yet sent
  std::string body_;                            // of batch_
  int attempts_ = 0;                            // made for batch_
  Instant not_before_{};                        // of the next attempt
  Instant batch_due_{};                         // when a batch that is not full goes
  ExportReply last_;
  ExportCounts counts_;
};

template <class Record, class Encoder>
Instant BatchExporter<Record, Encoder>::step() {
  const auto now = clock_.instant();
  if (!batch_.empty()) {  // an earlier attempt failed
    if (now < not_before_) return not_before_;
  } else {
    // Looks several times per interval, so that a queue that fills fast is emptied before it is full.
    const auto look_again = now + settings_.interval / 10;
    if (now < batch_due_ && waiting() < settings_.batch_max) return std::min(batch_due_, look_again);
    fill_batch();
    batch_due_ = now + settings_.interval;
    if (batch_.empty()) return std::min(batch_due_, look_again);
  }

  if (try_batch(now + settings_.send_timeout) == Result::done) {
    return waiting() >= settings_.batch_max ? clock_.instant() : clock_.instant() + settings_.interval / 10;
  }
  if (attempts_ >= settings_.attempts_max) {
    give_up();
    return clock_.instant() + settings_.interval / 10;
  }
  counts_.retries.fetch_add(1, std::memory_order_relaxed);
  not_before_ = clock_.instant() + pause_before_retry(settings_, last_, attempts_, random_);
  return not_before_;
}

template <class Record, class Encoder>
void BatchExporter<Record, Encoder>::flush(Instant deadline) {
  for (;;) {
    if (batch_.empty()) fill_batch();
    if (batch_.empty()) return;
    const auto now = clock_.instant();
    const bool in_time = now < deadline;
    if (!in_time || try_batch(std::min(deadline, now + settings_.send_timeout)) == Result::again) give_up();
  }
}

template <class Record, class Encoder>
void BatchExporter<Record, Encoder>::fill_batch() {
  for (auto* queue : queues_) {
    if (batch_.size() < settings_.batch_max) queue->take(batch_, settings_.batch_max - batch_.size());
  }
  if (!batch_.empty()) body_ = encoder_.encode(batch_);
  attempts_ = 0;
}

template <class Record, class Encoder>
typename BatchExporter<Record, Encoder>::Result BatchExporter<Record, Encoder>::try_batch(Instant deadline) {
  try {
    last_ = send_(body_, deadline);
  } catch (const std::exception&) {
    last_ = {};  // not reached: tried again, and counted when given up
  }
  ++attempts_;
  if (worth_another_try(last_.status)) return Result::again;
  if (last_.status >= 200 && last_.status < 300) {
    counts_.sent.fetch_add(batch_.size(), std::memory_order_relaxed);
    batch_.clear();
    body_.clear();
  } else {
    give_up();
  }
  return Result::done;
}

template <class Record, class Encoder>
void BatchExporter<Record, Encoder>::give_up() {
  counts_.failed.fetch_add(batch_.size(), std::memory_order_relaxed);
  batch_.clear();
  body_.clear();
}

template <class Record, class Encoder>
std::size_t BatchExporter<Record, Encoder>::waiting() const {
  std::size_t records = 0;
  for (const auto* queue : queues_) records += queue->size();
  return records;
}

}  // namespace tutti::observe
