// What a channel has delivered and its client has not yet acknowledged, by delivery tags, which count from 1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "broker/model/queue.hpp"

namespace tutti::broker {

class ChannelConsumer;

struct Delivery {
  std::uint64_t tag = 0;
  std::shared_ptr<Queue> queue = {};    // null: settled
  ChannelConsumer* consumer = nullptr;  // null: of basic.get, or it has been cancelled
  Entry entry = {};
};

class Deliveries {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t next_tag() noexcept { return ++tag_; }  // also for what needs no acknowledgement
  void add(Delivery delivery) {
    open_.push_back(std::move(delivery));
    ++size_;
  }

  enum class Reach : std::uint8_t { one, up_to };
  // Takes those out that the tag means; 0 with up_to means all. Empty: the tag is unknown (or there are none).
  [[nodiscard]] std::vector<Delivery> take(std::uint64_t tag, Reach reach);
  void forget(const ChannelConsumer& consumer) noexcept {
    for (Delivery& delivery : open_)
      if (delivery.consumer == &consumer) delivery.consumer = nullptr;
  }

 private:
  std::deque<Delivery> open_;  // by tag; with gaps of settled ones, never at the front
  std::size_t size_ = 0;
  std::uint64_t tag_ = 0;
};

}  // namespace tutti::broker
