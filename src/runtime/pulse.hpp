// What a shard shows of itself to another thread, which wants to know whether it goes on: a number that changes with
// each switch to or from a fiber, and the name of the fiber that runs. One thread writes, with plain stores; a reader
// that looks again after a while and finds the same number knows that one fiber has had the shard all the time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <sys/types.h>

namespace tutti::runtime {

class Pulse {
 public:
  struct Beat {
    std::uint64_t number = 0;
    bool running = false;  // a fiber has the shard
  };

  // By the shard's thread.
  void on_thread(pid_t thread) noexcept { thread_.store(thread, std::memory_order_relaxed); }
  void enter(std::string_view name) noexcept {
    rename(name);
    number_.store(number_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  void leave() noexcept { number_.store(number_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
  void rename(std::string_view name) noexcept {
    version_.store(version_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    text_.store(name.data(), std::memory_order_release);
    bytes_.store(name.size(), std::memory_order_release);
  }

  // By any thread. The number is odd while a fiber runs.
  [[nodiscard]] Beat beat() const noexcept {
    const std::uint64_t number = number_.load(std::memory_order_acquire);
    return {number, number % 2 == 1};
  }
  // Of the fiber that runs, or ran last; nothing if it changed meanwhile. Its text lives as long as what it names: the
  // shard's services.
  [[nodiscard]] std::optional<std::string_view> name() const noexcept {
    const std::uint64_t before = version_.load(std::memory_order_acquire);
    const std::size_t bytes = bytes_.load(std::memory_order_acquire);
    const char* const text = text_.load(std::memory_order_acquire);
    // A new text or length was stored after the version: who saw one of them sees that, too.
    if (version_.load(std::memory_order_relaxed) != before || text == nullptr) return std::nullopt;
    return std::string_view(text, bytes);
  }
  [[nodiscard]] pid_t thread() const noexcept { return thread_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> number_{0};
  std::atomic<std::uint64_t> version_{0};
  std::atomic<const char*> text_{nullptr};
  std::atomic<std::size_t> bytes_{0};
  std::atomic<pid_t> thread_{0};
};

}  // namespace tutti::runtime
