#include "observe/trace/span_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tutti::observe {

SpanQueue::SpanQueue(std::size_t spans_max) : spans_max_(spans_max) { spans_.reserve(spans_max); }
SpanQueue::~SpanQueue() = default;

void SpanQueue::push(std::unique_ptr<SpanRecord> span) noexcept {
  const std::lock_guard lock(mutex_);
  if (spans_.size() >= spans_max_) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  spans_.push_back(std::move(span));
}

void SpanQueue::take(std::vector<std::unique_ptr<SpanRecord>>& into, std::size_t spans_max) {
  into.reserve(into.size() + spans_max);
  const std::lock_guard lock(mutex_);
  const auto end = spans_.begin() + static_cast<std::ptrdiff_t>(std::min(spans_max, spans_.size()));
  into.insert(into.end(), std::move_iterator(spans_.begin()), std::move_iterator(end));
  spans_.erase(spans_.begin(), end);
}

std::size_t SpanQueue::size() const {
  const std::lock_guard lock(mutex_);
  return spans_.size();
}

}  // namespace tutti::observe
