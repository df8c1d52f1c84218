// Begins spans: makes their ids, decides whether the trace is sampled and, if it is and spans are exported, records.
// A trace that came from outside keeps its caller's decision, so a trace is whole or absent.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include <tutti/clock.hpp>
#include <tutti/random.hpp>
#include <tutti/trace.hpp>

#include "observe/otlp/record_queue.hpp"

namespace tutti::observe {

struct TracerSettings {
  double sample = 1;  // share of the traces beginning here that are sampled, 0 to 1
};

// One per service and shard. Thread-safe.
class Tracer {
 public:
  // Without a queue nothing is recorded, but ids are made and passed on. Asks `random` twice now and never again.
  Tracer(const TracerSettings& settings, const Clock& clock, Random& random, SpanQueue* queue);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // The context of a new piece of work below `parent`; an invalid parent begins a trace. No allocation (but for a long
  // tracestate), no clock, no lock.
  [[nodiscard]] TraceContext begin(const TraceContext& parent) noexcept;

  // The same as a span. The clock is asked only if it is recorded.
  [[nodiscard]] Span start(std::string_view name, SpanKind kind, const TraceContext& parent);
  [[nodiscard]] Span start(std::string_view name, SpanKind kind, const TraceContext& parent, Time at);

  [[nodiscard]] bool exporting() const noexcept { return queue_ != nullptr; }

 private:
  friend class tutti::Span;
  void finish(std::unique_ptr<SpanRecord> record) noexcept { queue_->push(std::move(record)); }
  [[nodiscard]] std::uint64_t draw() noexcept;
  [[nodiscard]] Span start_below(const TraceContext& parent);

  const Clock& clock_;
  SpanQueue* const queue_;
  const std::uint64_t threshold_;
  const std::uint64_t mask_;
  alignas(64) std::atomic<std::uint64_t> state_;
};

}  // namespace tutti::observe
