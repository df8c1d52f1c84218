#include "observe/trace/exporter.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace tutti::observe {
namespace {

// OTLP/HTTP, "Failures": these and a collector that is not reached; anything else would be refused again.
bool worth_another_try(int status) {
  return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

SpanExporter::SpanExporter(const SpanExporterSettings& settings, const OtlpResource& resource, const Clock& clock,
                           Random& random, ExportSend send)
    : settings_(settings), encoder_(resource), clock_(clock), random_(random), send_(std::move(send)) {
  batch_due_ = clock_.instant() + settings_.interval;
}

void SpanExporter::attach(SpanQueue& queue) { queues_.push_back(&queue); }

Instant SpanExporter::step() {
  const auto now = clock_.instant();
  if (!batch_.empty()) {  // an earlier attempt failed
    if (now < not_before_) return not_before_;
  } else {
    // Looks several times per interval, so that a queue that fills fast is emptied before it is full.
    const auto look_again = now + settings_.interval / 10;
    if (now < batch_due_ && waiting() < settings_.batch_spans_max) return std::min(batch_due_, look_again);
    fill_batch();
    batch_due_ = now + settings_.interval;
    if (batch_.empty()) return std::min(batch_due_, look_again);
  }

  if (try_batch(now + settings_.send_timeout) == Result::done) {
    return waiting() >= settings_.batch_spans_max ? clock_.instant() : clock_.instant() + settings_.interval / 10;
  }
  if (attempts_ >= settings_.attempts_max) {
    give_up();
    return clock_.instant() + settings_.interval / 10;
  }
  counts_.retries.fetch_add(1, std::memory_order_relaxed);
  not_before_ = clock_.instant() + pause_before_retry();
  return not_before_;
}

void SpanExporter::flush(Instant deadline) {
  for (;;) {
    if (batch_.empty()) fill_batch();
    if (batch_.empty()) return;
    const auto now = clock_.instant();
    const bool in_time = now < deadline;
    if (!in_time || try_batch(std::min(deadline, now + settings_.send_timeout)) == Result::again) give_up();
  }
}

void SpanExporter::fill_batch() {
  for (auto* queue : queues_) {
    if (batch_.size() < settings_.batch_spans_max) queue->take(batch_, settings_.batch_spans_max - batch_.size());
  }
  if (!batch_.empty()) body_ = encoder_.encode(batch_);
  attempts_ = 0;
}

SpanExporter::Result SpanExporter::try_batch(Instant deadline) {
  ExportReply reply;
  try {
    reply = send_(body_, deadline);
  } catch (const std::exception&) {
    reply = {};  // not reached: tried again, and counted when given up
  }
  ++attempts_;
  asked_pause_ = reply.retry_after;
  if (worth_another_try(reply.status)) return Result::again;
  if (reply.status >= 200 && reply.status < 300) {
    counts_.sent.fetch_add(batch_.size(), std::memory_order_relaxed);
    batch_.clear();
    body_.clear();
  } else {
    give_up();
  }
  return Result::done;
}

void SpanExporter::give_up() {
  counts_.failed.fetch_add(batch_.size(), std::memory_order_relaxed);
  batch_.clear();
  body_.clear();
}

std::size_t SpanExporter::waiting() const {
  std::size_t spans = 0;
  for (const auto* queue : queues_) spans += queue->size();
  return spans;
}

std::chrono::nanoseconds SpanExporter::pause_before_retry() {
  if (asked_pause_) return std::clamp(*asked_pause_, std::chrono::nanoseconds(0), settings_.backoff_max);
  auto pause = settings_.backoff;
  for (int i = 1; i < attempts_ && pause < settings_.backoff_max; ++i) pause *= 2;
  pause = std::min(pause, settings_.backoff_max);
  const auto half = pause.count() / 2;
  if (half == 0) return pause;
  return std::chrono::nanoseconds(half) +
         std::chrono::nanoseconds(static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(half)));
}

}  // namespace tutti::observe
