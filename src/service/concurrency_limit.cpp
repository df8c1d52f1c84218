#include "service/concurrency_limit.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "wire/codes.hpp"

namespace tutti::detail {
namespace {

constexpr double share_least = 0.2;       // of the limit, after one window
constexpr std::int64_t busy_of_four = 3;  // quarters of the time: below it the thread has time, whatever waits
constexpr std::chrono::nanoseconds told_again = std::chrono::seconds(10);

}  // namespace

ConcurrencyLimit::ConcurrencyLimit(runtime::Shard& shard, std::chrono::nanoseconds wait_max,
                                   std::function<void()> began)
    : shard_(shard),
      wait_max_(wait_max),
      began_(std::move(began)),
      window_began_(shard.now()),
      window_ends_(wait_max.count() == 0 ? Instant::never() : window_began_ + window),
      load_(shard.load()) {}

// At the first request after the end of a window: a shard that is not asked needs no limit.
void ConcurrencyLimit::adjust() noexcept {
  const Instant now = shard_.now();
  const runtime::ShardLoad& load = shard_.load();
  const std::chrono::nanoseconds elapsed = now - window_began_;
  const std::uint64_t pieces = load.pieces - load_.pieces;
  wait_ = pieces == 0 ? std::chrono::nanoseconds{0} : (load.waited - load_.waited) / static_cast<std::int64_t>(pieces);
  const bool busy = (load.busy - load_.busy) * 4 >= elapsed * busy_of_four;
  const bool overloaded = busy && wait_ > wait_max_;
  if (overloaded && was_overloaded_) {
    // From what there was: a limit that nobody had reached says nothing. The wait follows the number of those who wait.
    const double share =
        std::max(share_least, static_cast<double>(wait_max_.count()) / static_cast<double>(wait_.count()));
    limit_ = std::max(least, std::min(limit_, static_cast<double>(peak_)) * share);
  } else if (!overloaded && (!busy || wait_ * 2 < wait_max_)) {
    // By its root in each window, as Gradient2's queue allows; several have passed if nobody asked.
    const double root = std::sqrt(limit_) + static_cast<double>(elapsed / window) / 2;
    limit_ = std::min(none, root * root);
  }
  was_overloaded_ = overloaded;
  window_began_ = now;
  window_ends_ = now + window;
  load_ = load;
  peak_ = in_flight_;
}

bool ConcurrencyLimit::has_room(Priority priority, std::size_t concurrent) {
  if (priority == Priority::high) return true;
  const double limit = priority == Priority::low && limit_ < none ? limit_ / 2 : limit_;
  if (static_cast<double>(concurrent) < limit) return true;
  const bool begins = shed_++ == 0 || shard_.now() >= shed_last_ + told_again;
  shed_last_ = shard_.now();
  if (begins && began_) began_();
  return false;
}

Failure overloaded(std::string_view name) {
  return {.code = Code::unavailable,
          .message = std::string(name) + " has more to do than time; try again later",
          .type = std::string(wire::overloaded_type)};
}

}  // namespace tutti::detail
