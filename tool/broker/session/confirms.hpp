// What a channel in confirm mode still owes its publisher: an answer to each message, in order, so that one answer
// serves all that are done.
#pragma once

#include <cstdint>
#include <deque>

namespace tutti::broker {

class Confirms {
 public:
  enum class Verdict : std::uint8_t { ack, nack };

  // The next message. It is done once `wait_for` of the store is durable; 0: now.
  void add(Verdict verdict, std::uint64_t wait_for) { owed_.push_back({verdict, wait_for}); }
  [[nodiscard]] bool waiting() const noexcept { return !owed_.empty(); }

  // Calls answer(verdict, tag, multiple) for what is done.
  template <class F>
  void settle(std::uint64_t durable, F answer) {
    while (!owed_.empty() && owed_.front().wait_for <= durable) {
      const Verdict verdict = owed_.front().verdict;
      std::uint64_t count = 0;
      while (!owed_.empty() && owed_.front().verdict == verdict && owed_.front().wait_for <= durable) {
        owed_.pop_front();
        ++count;
      }
      settled_ += count;
      answer(verdict, settled_, count > 1);
    }
  }

 private:
  struct Owed {
    Verdict verdict;
    std::uint64_t wait_for;
  };
  std::deque<Owed> owed_;
  std::uint64_t settled_ = 0;  // the tag of the last one answered; tags count from 1
};

}  // namespace tutti::broker
