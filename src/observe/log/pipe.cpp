#include "observe/log/pipe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace tutti::observe {
namespace {

// Its address names the thread. A new thread may get the address of one that is gone, and its lane: that is fine.
thread_local char this_thread;

// One producer, one consumer. head and tail count bytes and never wrap; they differ by at most the capacity.
class Lane {
 public:
  Lane(std::size_t bytes, const void* owner) : capacity_(bytes), ring_(new char[bytes]), owner_(owner) {}

  [[nodiscard]] const void* owner() const noexcept { return owner_; }

  [[nodiscard]] bool push(std::string_view line) noexcept {
    const auto head = head_.load(std::memory_order_relaxed);
    if (capacity_ - (head - tail_.load(std::memory_order_acquire)) < line.size()) return false;
    const auto at = head & (capacity_ - 1);
    const auto first = std::min(line.size(), capacity_ - at);
    std::memcpy(ring_.get() + at, line.data(), first);
    std::memcpy(ring_.get(), line.data() + first, line.size() - first);
    // Sequentially consistent together with Writer::asleep_: either the writer sees the line or we see it asleep.
    head_.store(head + line.size(), std::memory_order_seq_cst);
    return true;
  }

  [[nodiscard]] bool empty() const noexcept {
    return head_.load(std::memory_order_seq_cst) == tail_.load(std::memory_order_relaxed);
  }
  // The next piece, up to the end of the ring. Whole lines lie between tail and head.
  [[nodiscard]] std::string_view front(std::size_t until) const noexcept {
    const auto tail = tail_.load(std::memory_order_relaxed);
    const auto at = tail & (capacity_ - 1);
    return {ring_.get() + at, std::min(until - tail, capacity_ - at)};
  }
  [[nodiscard]] std::size_t head() const noexcept { return head_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t tail() const noexcept { return tail_.load(std::memory_order_relaxed); }
  void pop(std::size_t bytes) noexcept {
    tail_.store(tail_.load(std::memory_order_relaxed) + bytes, std::memory_order_release);
  }

 private:
  const std::size_t capacity_;
  const std::unique_ptr<char[]> ring_;
  const void* const owner_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

// Which lane this thread used last, and of which pipe.
struct LastLane {
  std::uint64_t pipe = 0;
  Lane* lane = nullptr;
};
thread_local LastLane last_lane;

// Tells pipes apart even if one is made where another was: an address would not.
std::atomic<std::uint64_t> pipes_made{0};

// A descriptor that we may set to non-blocking. The flag belongs to the open file, which for a pipe is shared with
// whoever else holds it, so a pipe is opened once more for us alone. Elsewhere (file, terminal, socket) poll() before
// each small write does.
int private_copy_of_pipe(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISFIFO(status.st_mode)) return -1;
  const auto path = "/proc/self/fd/" + std::to_string(descriptor);
  return ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

}  // namespace

class LogPipe::Writer {
 public:
  Writer(int descriptor, const LogPipeSettings& settings)
      : settings_(settings),
        lane_bytes_(std::bit_ceil(std::max<std::size_t>(settings.lane_bytes, 1))),
        id_(pipes_made.fetch_add(1, std::memory_order_relaxed) + 1),
        private_(private_copy_of_pipe(descriptor)),
        descriptor_(private_ >= 0 ? private_ : descriptor),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        shared_(lane_bytes_, nullptr),
        lanes_(settings.lanes_max) {
    if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "cannot make an eventfd for the log");
    // The writer takes no signals: they are main's, and a reader that is gone shall be EPIPE.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  ~Writer() {
    stopping_.store(true, std::memory_order_seq_cst);
    wake();
    thread_.join();
    ::close(wake_);
    if (private_ >= 0) ::close(private_);
  }

  bool write(std::string_view line) noexcept {
    const bool accepted = push(line);
    if (accepted && asleep_.load(std::memory_order_seq_cst) && asleep_.exchange(false)) wake();
    return accepted;
  }

  std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

 private:
  bool push(std::string_view line) noexcept {
    if (last_lane.pipe != id_) last_lane = {id_, lane_of_this_thread()};
    if (last_lane.lane != nullptr) return last_lane.lane->push(line);
    const std::lock_guard lock(shared_mutex_);
    return shared_.push(line);
  }

  // Null: there is none left, or no memory for one.
  Lane* lane_of_this_thread() noexcept {
    const std::lock_guard lock(lanes_mutex_);
    const auto count = lanes_made_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < count; ++i) {
      if (lanes_[i]->owner() == &this_thread) return lanes_[i].get();
    }
    if (count == lanes_.size()) return nullptr;
    try {
      lanes_[count] = std::make_unique<Lane>(lane_bytes_, &this_thread);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
    lanes_made_.store(count + 1, std::memory_order_release);
    return lanes_[count].get();
  }

  void wake() noexcept {
    const std::uint64_t one = 1;
    // Fails only if the counter is full, and then the writer is awake anyway.
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
  }

  void run() noexcept {
    for (;;) {
      const bool stopping = stopping_.load(std::memory_order_seq_cst);
      const bool moved = drain_all();
      if (stopping) return;
      if (moved) {
        await_wake(settings_.linger);
        continue;
      }
      asleep_.store(true, std::memory_order_seq_cst);
      if (all_empty() && !stopping_.load(std::memory_order_seq_cst)) await_wake(std::chrono::milliseconds(-1));
      asleep_.store(false, std::memory_order_seq_cst);
    }
  }

  void await_wake(std::chrono::milliseconds at_most) noexcept {
    pollfd waiting{wake_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(at_most.count())) <= 0) return;
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_, &count, sizeof count);
  }

  bool all_empty() const noexcept {
    const auto count = lanes_made_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < count; ++i) {
      if (!lanes_[i]->empty()) return false;
    }
    return shared_.empty();
  }

  bool drain_all() noexcept {
    bool moved = drain(shared_);
    const auto count = lanes_made_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < count; ++i) moved |= drain(*lanes_[i]);
    return moved;
  }

  // A lane is written up to the head seen first, so lines of two lanes do not mix and no lane starves another.
  bool drain(Lane& lane) noexcept {
    const auto until = lane.head();
    bool moved = false;
    while (lane.tail() != until) {
      const auto piece = lane.front(until);
      const auto written = write_some(piece);
      if (written == 0) lost_.fetch_add(lines_in(piece), std::memory_order_relaxed);
      lane.pop(written == 0 ? piece.size() : written);
      moved = true;
    }
    return moved;
  }

  // Waits for the reader. 0: it will not read any more, or the end does not wait for it any longer.
  std::size_t write_some(std::string_view piece) noexcept {
    constexpr std::size_t piece_without_waiting = 4096;  // PIPE_BUF: poll() promises room for that much
    constexpr int look_every_ms = 50;
    const auto size = private_ >= 0 ? piece.size() : std::min(piece.size(), piece_without_waiting);
    for (;;) {
      pollfd waiting{descriptor_, POLLOUT, 0};
      const int ready = ::poll(&waiting, 1, look_every_ms);
      if (ready > 0) {
        const auto written = ::write(descriptor_, piece.data(), size);
        if (written > 0) return static_cast<std::size_t>(written);
        if (written < 0 && errno != EAGAIN && errno != EINTR) return 0;
      }
      if (ready <= 0 && stopping_.load(std::memory_order_relaxed)) {
        waited_at_end_ += std::chrono::milliseconds(look_every_ms);
        if (waited_at_end_ > settings_.stop_wait) return 0;
      }
    }
  }

  static std::uint64_t lines_in(std::string_view piece) noexcept {
    return static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
  }

  const LogPipeSettings settings_;
  const std::size_t lane_bytes_;
  const std::uint64_t id_;
  const int private_;
  const int descriptor_;
  const int wake_;
  std::mutex shared_mutex_;
  Lane shared_;
  std::mutex lanes_mutex_;                    // for making lanes
  std::vector<std::unique_ptr<Lane>> lanes_;  // its size never changes; the first lanes_made_ are there
  std::atomic<std::size_t> lanes_made_{0};
  alignas(64) std::atomic<bool> asleep_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> lost_{0};
  std::chrono::milliseconds waited_at_end_{0};
  std::thread thread_;
};

LogPipe::LogPipe(int descriptor, const LogPipeSettings& settings)
    : writer_(std::make_unique<Writer>(descriptor, settings)) {}

LogPipe::~LogPipe() = default;

bool LogPipe::write(std::string_view line) noexcept { return writer_->write(line); }

std::uint64_t LogPipe::lost() const noexcept { return writer_->lost(); }

}  // namespace tutti::observe
