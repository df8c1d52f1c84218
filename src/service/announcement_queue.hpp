// What a hub has sent and the broker has not got yet: bounded by number and by bytes, the oldest are lost first. The
// newest waits however long it is.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "service/channel.hpp"

namespace tutti::detail {

inline constexpr std::size_t announcements_waiting_max = 1'000;
inline constexpr std::size_t announcement_bytes_waiting_max = 8 * 1024 * 1024;  // of texts

struct WaitingAnnouncement {
  ServedChannel* channel;
  std::shared_ptr<const Announcement> announcement;
};

class AnnouncementQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
  // How many were lost for it.
  std::size_t push(WaitingAnnouncement one) {
    const std::size_t bytes = one.announcement->text.size();
    std::size_t lost = 0;
    for (; !waiting_.empty() && is_full_for(bytes); ++lost) {
      bytes_ -= waiting_.front().announcement->text.size();
      waiting_.pop_front();
    }
    bytes_ += bytes;
    waiting_.push_back(std::move(one));
    return lost;
  }
  // In their order.
  [[nodiscard]] std::deque<WaitingAnnouncement> take_all() noexcept {
    bytes_ = 0;
    return std::exchange(waiting_, {});
  }

 private:
  [[nodiscard]] bool is_full_for(std::size_t bytes) const noexcept {
    return waiting_.size() >= announcements_waiting_max || bytes_ + bytes > announcement_bytes_waiting_max;
  }

  std::deque<WaitingAnnouncement> waiting_;
  std::size_t bytes_ = 0;
};

}  // namespace tutti::detail
