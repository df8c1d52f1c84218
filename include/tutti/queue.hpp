// A bounded queue between fibers of one shard. Full, it makes the pushing side wait: pressure goes back to where
// the work comes from.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include <tutti/detail/waiting.hpp>

namespace tutti {
namespace detail {

// Counts places and items, and who waits for them. An item granted to a waiter is its own: nobody overtakes.
class QueueCounts {
 public:
  explicit QueueCounts(std::size_t items_max);

  void take_room();  // Waits. Throws failed_precondition when closed.
  [[nodiscard]] bool try_take_room() noexcept;
  void give_item() noexcept;
  [[nodiscard]] bool take_item();  // Waits. False: closed and empty.
  [[nodiscard]] bool try_take_item() noexcept;
  void give_room() noexcept;
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept { return closed_; }

 private:
  std::size_t room_;
  std::size_t items_ = 0;
  bool closed_ = false;
  WaitList pushing_;
  WaitList popping_;
};

}  // namespace detail

template <class T>
class Queue {
 public:
  explicit Queue(std::size_t items_max) : counts_(items_max) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Waits for room. Throws failed_precondition if the queue is or becomes closed.
  void push(T item) {
    counts_.take_room();
    items_.push_back(std::move(item));
    counts_.give_item();
  }
  // False, and the item untouched, if there is no room or the queue is closed.
  [[nodiscard]] bool try_push(T&& item) {
    if (!counts_.try_take_room()) return false;
    items_.push_back(std::move(item));
    counts_.give_item();
    return true;
  }
  // Waits for an item. Nothing when the queue is closed and empty.
  [[nodiscard]] std::optional<T> pop() {
    if (!counts_.take_item()) return std::nullopt;
    return first();
  }
  [[nodiscard]] std::optional<T> try_pop() {
    if (!counts_.try_take_item()) return std::nullopt;
    return first();
  }
  // No more pushes; what is in the queue can still be popped.
  void close() noexcept { counts_.close(); }
  [[nodiscard]] bool closed() const noexcept { return counts_.closed(); }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }

 private:
  std::optional<T> first() {
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    counts_.give_room();
    return item;
  }

  detail::QueueCounts counts_;
  std::deque<T> items_;
};

}  // namespace tutti
