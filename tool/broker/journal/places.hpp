// Where each message that is alive lies in the journal, and which queues still have it: a few bytes for each, as a
// backlog may be millions. Message numbers grow, so a number finds its place without a search: blocks of consecutive
// numbers, of which those without a message are not kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace tutti::broker::journal {

struct Place {
  std::uint32_t span = 0;    // of the journal: see Journal::Span
  std::uint32_t offset = 0;  // in it
  std::uint32_t bytes = 0;   // of the record
};

class Places {
 public:
  struct Slot {
    std::uint64_t queue = 0;  // the only one that has it; with several they are in many_
    Place place = {};
    std::uint32_t queues = 0;  // how many have it; 0: nobody, there is no such message
  };

  void put(std::uint64_t number, std::span<const std::uint64_t> queues, const Place& place);
  // Null: it is not alive.
  [[nodiscard]] Slot* find(std::uint64_t number);
  [[nodiscard]] const Slot* find(std::uint64_t number) const;
  [[nodiscard]] bool has(std::uint64_t number, std::uint64_t queue) const;
  [[nodiscard]] std::vector<std::uint64_t> queues_of(std::uint64_t number) const;
  // The queue has it no more; the place if that was the last one, and forgets it. `known`: whether the queue had it.
  struct Left {
    bool known = false;
    bool last = false;
    Place place = {};
  };
  Left settle(std::uint64_t number, std::uint64_t queue);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // Calls f(number, slot) for those alive from that number on, in order, until it returns false.
  template <class F>
  void for_each_from(std::uint64_t number, F f) const {
    for (auto at = blocks_.lower_bound(number / block_slots); at != blocks_.end(); ++at) {
      for (std::size_t i = 0; i < block_slots; ++i) {
        const Slot& slot = at->second->slots[i];
        const std::uint64_t its = at->first * block_slots + i;
        if (slot.queues > 0 && its >= number && !f(its, slot)) return;
      }
    }
  }

 private:
  static constexpr std::size_t block_slots = 64;
  struct Block {
    std::size_t alive = 0;
    std::array<Slot, block_slots> slots = {};
  };

  std::map<std::uint64_t, std::unique_ptr<Block>> blocks_;  // by number / block_slots
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> many_;
  std::size_t size_ = 0;
};

}  // namespace tutti::broker::journal
