// Where lines go. Writing never waits: a sink that is full says so and the line is dropped.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::observe {

struct LogRecord;  // line.hpp

class LogSink {
 public:
  virtual ~LogSink() = default;
  // One complete line with its newline. False: there was no room and it is lost. Thread-safe.
  [[nodiscard]] virtual bool write(std::string_view line) noexcept = 0;
  // The same as its parts, before it: for who sends records. Thread-safe.
  virtual void record(const LogRecord&) noexcept {}
};

// Keeps lines for tests and the Bed, up to a limit; then it is full until they are taken.
class MemorySink final : public LogSink {
 public:
  explicit MemorySink(std::size_t lines_max = 10'000) : lines_max_(lines_max) {}
  [[nodiscard]] bool write(std::string_view line) noexcept override;
  // Without their newlines; the sink is empty afterwards.
  [[nodiscard]] std::vector<std::string> take();

 private:
  const std::size_t lines_max_;
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace tutti::observe
