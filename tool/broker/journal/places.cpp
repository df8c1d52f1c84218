#include "broker/journal/places.hpp"

#include <algorithm>

namespace tutti::broker::journal {

void Places::put(std::uint64_t number, std::span<const std::uint64_t> queues, const Place& place) {
  // Mostly the newest.
  const std::uint64_t key = number / block_slots;
  const auto at = blocks_.try_emplace(blocks_.end(), key);
  if (!at->second) at->second = std::make_unique<Block>();
  Block& block = *at->second;
  Slot& slot = block.slots[number % block_slots];
  if (slot.queues == 0) {
    ++block.alive;
    ++size_;
  }
  if (slot.queues > 1) many_.erase(number);
  slot = {.queue = queues.front(), .place = place, .queues = static_cast<std::uint32_t>(queues.size())};
  if (queues.size() > 1) many_.emplace(number, std::vector<std::uint64_t>(queues.begin(), queues.end()));
}

const Places::Slot* Places::find(std::uint64_t number) const {
  const auto at = blocks_.find(number / block_slots);
  if (at == blocks_.end()) return nullptr;
  const Slot& slot = at->second->slots[number % block_slots];
  return slot.queues > 0 ? &slot : nullptr;
}

Places::Slot* Places::find(std::uint64_t number) {
  return const_cast<Slot*>(static_cast<const Places*>(this)->find(number));
}

bool Places::has(std::uint64_t number, std::uint64_t queue) const {
  const Slot* const slot = find(number);
  if (slot == nullptr) return false;
  if (slot->queues == 1) return slot->queue == queue;
  const auto& queues = many_.at(number);
  return std::find(queues.begin(), queues.end(), queue) != queues.end();
}

std::vector<std::uint64_t> Places::queues_of(std::uint64_t number) const {
  const Slot* const slot = find(number);
  if (slot == nullptr) return {};
  return slot->queues == 1 ? std::vector<std::uint64_t>{slot->queue} : many_.at(number);
}

Places::Left Places::settle(std::uint64_t number, std::uint64_t queue) {
  const auto at = blocks_.find(number / block_slots);
  if (at == blocks_.end()) return {};
  Slot& slot = at->second->slots[number % block_slots];
  if (slot.queues == 0) return {};
  if (slot.queues > 1) {
    auto& queues = many_.at(number);
    if (std::erase(queues, queue) == 0) return {};
    slot.queue = queues.front();
    if (--slot.queues == 1) many_.erase(number);
    return {.known = true};
  }
  if (slot.queue != queue) return {};
  const Left left{.known = true, .last = true, .place = slot.place};
  slot = {};
  --size_;
  if (--at->second->alive == 0) blocks_.erase(at);
  return left;
}

}  // namespace tutti::broker::journal
