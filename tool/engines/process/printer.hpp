// All lines of the fleet on one output. Writing never waits: a reader that stops reading (a pager, a terminal held by
// Ctrl-S) must not stop the supervision. While the reader is slow, instances wait as they would at any pipe; once it
// has taken nothing for a while, their lines are dropped and counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "engines/process/output.hpp"

namespace tutti::engines {

class Printer {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Colour { no, yes };
  static constexpr std::size_t pending_bytes_max = std::size_t{1} << 20;
  static constexpr std::chrono::milliseconds stalled_after{1000};

  // `fd` stays the caller's.
  Printer(int fd, Colour colour, std::size_t label_width);
  ~Printer();
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

  void pass_on(const Speaker& speaker, std::string_view line);  // of an instance
  enum class Tone { calm, alarm };
  void say(const Speaker& speaker, std::string_view text, Tone tone = Tone::calm);  // about it
  // Writes what is taken now.
  void flush(Clock::time_point now);
  // For the end: until all is written, the reader is gone or the time is over. Waits.
  void finish(std::chrono::milliseconds limit);

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool has_pending() const { return written_ < pending_.size(); }
  // Whether instances may be read.
  [[nodiscard]] bool has_room() const { return dropping_ || pending_.size() - written_ < pending_bytes_max; }

 private:
  enum class Mark : char { instance = '|', fleet = '*' };
  void append(const Speaker& speaker, Mark mark, std::string_view text, Tone tone);
  void took(Clock::time_point now);
  void gone(int error);

  int fd_;
  bool reopened_ = false, gone_ = false, dropping_ = false;
  const Colour colour_;
  const std::size_t width_;
  std::string pending_ = {};
  std::size_t written_ = 0;
  Clock::time_point last_taken_ = Clock::now();
  std::uint64_t dropped_ = 0;
};

}  // namespace tutti::engines
