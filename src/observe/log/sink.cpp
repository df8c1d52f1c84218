#include "observe/log/sink.hpp"

#include <utility>

namespace tutti::observe {

bool MemorySink::write(std::string_view line) noexcept {
  const std::lock_guard lock(mutex_);
  if (lines_.size() >= lines_max_) return false;
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  lines_.emplace_back(line);
  return true;
}

std::vector<std::string> MemorySink::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(lines_, {});
}

}  // namespace tutti::observe
