// Finished spans on their way to the exporter. Each shard has its own; a full one drops the newest and counts them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "observe/trace/span_record.hpp"

namespace tutti::observe {

class SpanQueue {
 public:
  static constexpr std::size_t default_spans_max = 2048;

  explicit SpanQueue(std::size_t spans_max = default_spans_max);
  ~SpanQueue();
  SpanQueue(const SpanQueue&) = delete;
  SpanQueue& operator=(const SpanQueue&) = delete;

  // Thread-safe. Takes a lock that only the exporter shares, for as long as it takes to move a pointer.
  void push(std::unique_ptr<SpanRecord> span) noexcept;
  // Up to `spans_max` of the oldest, appended to `into`.
  void take(std::vector<std::unique_ptr<SpanRecord>>& into, std::size_t spans_max);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  const std::size_t spans_max_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<SpanRecord>> spans_;  // room for all of them is made at once
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace tutti::observe
