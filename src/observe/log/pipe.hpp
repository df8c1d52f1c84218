// Lines to a file descriptor (stdout) without ever waiting for its reader. Each thread that logs gets a lane: a ring of
// bytes that only it fills and only the writer thread empties, so logging takes no lock. A full lane refuses lines. The
// writer gathers what has come and writes it in large pieces.
//
//   shard 0  -> [lane]--.
//   shard 1  -> [lane]---+--> writer thread --> stdout
//   others   -> [lane]--'
//
// Belongs to the real world: made in main, never in a simulation.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "observe/log/sink.hpp"

namespace tutti::observe {

struct LogPipeSettings {
  std::size_t lane_bytes = 256 * 1024;         // per thread; rounded up to a power of two
  std::size_t lanes_max = 64;                  // further threads share one lane behind a lock
  std::chrono::milliseconds linger{2};         // how long lines may gather while more are coming
  std::chrono::milliseconds stop_wait{2'000};  // how long the end waits for a reader that does not read
};

class LogPipe final : public LogSink {
 public:
  // Does not own the descriptor, which stays open as long as this lives.
  explicit LogPipe(int descriptor, const LogPipeSettings& settings = {});
  // Writes what is left, for at most stop_wait. No thread may log any more.
  ~LogPipe() override;
  LogPipe(const LogPipe&) = delete;
  LogPipe& operator=(const LogPipe&) = delete;

  [[nodiscard]] bool write(std::string_view line) noexcept override;

  // Lines that were accepted but could not be written: the reader went away, the disk is full.
  [[nodiscard]] std::uint64_t lost() const noexcept;

 private:
  class Writer;
  std::unique_ptr<Writer> writer_;
};

}  // namespace tutti::observe
