// Finished spans or log lines on their way to the exporter. Full, it drops the newest and counts them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "observe/trace/span_record.hpp"

namespace tutti::observe {

template <class Record>
class RecordQueue {
 public:
  static constexpr std::size_t default_records_max = 2048;

  explicit RecordQueue(std::size_t records_max = default_records_max) : records_max_(records_max) {
    records_.reserve(records_max);
  }
  RecordQueue(const RecordQueue&) = delete;
  RecordQueue& operator=(const RecordQueue&) = delete;

  // Thread-safe. Takes a lock that only the exporter shares, for as long as it takes to move a pointer.
  void push(std::unique_ptr<Record> record) noexcept {
    const std::lock_guard lock(mutex_);
    if (records_.size() >= records_max_) return drop();
    records_.push_back(std::move(record));
  }
  // One that could not even be made.
  void drop() noexcept { dropped_.fetch_add(1, std::memory_order_relaxed); }
  // Up to `records_max` of the oldest, appended to `into`.
  void take(std::vector<std::unique_ptr<Record>>& into, std::size_t records_max) {
    into.reserve(into.size() + records_max);
    const std::lock_guard lock(mutex_);
    const auto end = records_.begin() + static_cast<std::ptrdiff_t>(std::min(records_max, records_.size()));
    into.insert(into.end(), std::move_iterator(records_.begin()), std::move_iterator(end));
    records_.erase(records_.begin(), end);
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return records_.size();
  }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  const std::size_t records_max_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Record>> records_;  // room for all of them is made at once
  std::atomic<std::uint64_t> dropped_{0};
};

using SpanQueue = RecordQueue<SpanRecord>;  // each shard has its own

}  // namespace tutti::observe
