#include "runtime/timers.hpp"

#include "runtime/assertion.hpp"

namespace tutti::runtime {

void Timer::arm(Timers& timers, Instant when) {
  cancel();
  if (when == Instant::never()) return;
  timers.insert(*this, when);
}

void Timer::cancel() noexcept {
  if (timers_ != nullptr) timers_->remove(place_);
}

Timers::~Timers() {
  for (const Node& node : heap_) node.timer->timers_ = nullptr;
}

std::size_t Timers::fire(Instant now) {
  const std::uint64_t armed_before = armed_ever_;
  std::size_t fired = 0;
  // An earlier time armed by a callback may come to the front before older ones: those wait for the next turn, too.
  while (!heap_.empty() && heap_.front().when <= now && heap_.front().order < armed_before) {
    Timer& timer = *heap_.front().timer;
    remove(0);
    ++fired;
    timer.callback_(timer.argument_);  // the timer may be gone afterwards
  }
  return fired;
}

void Timers::insert(Timer& timer, Instant when) {
  timer.when_ = when;
  heap_.push_back({});
  timer.timers_ = this;
  rise(heap_.size() - 1, {when, armed_ever_++, &timer});
}

void Timers::remove(std::size_t place) noexcept {
  TUTTI_ASSERT(place < heap_.size());
  heap_[place].timer->timers_ = nullptr;
  const Node last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  if (place > 0 && last.before(heap_[(place - 1) / 4])) {
    rise(place, last);
  } else {
    sink(place, last);
  }
}

void Timers::put(std::size_t place, const Node& node) noexcept {
  heap_[place] = node;
  node.timer->place_ = place;
}

void Timers::rise(std::size_t place, Node node) noexcept {
  while (place > 0) {
    const std::size_t parent = (place - 1) / 4;
    if (!node.before(heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, node);
}

void Timers::sink(std::size_t place, Node node) noexcept {
  for (;;) {
    const std::size_t first = place * 4 + 1;
    if (first >= heap_.size()) break;
    std::size_t least = first;
    for (std::size_t child = first + 1; child < first + 4 && child < heap_.size(); ++child) {
      if (heap_[child].before(heap_[least])) least = child;
    }
    if (!heap_[least].before(node)) break;
    put(place, heap_[least]);
    place = least;
  }
  put(place, node);
}

}  // namespace tutti::runtime
