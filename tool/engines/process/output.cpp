#include "engines/process/output.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace tutti::engines {

void Output::open(int fd) {
  close();
  fd_ = fd;
}

void Output::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  line_.clear();
}

void Output::read(const Sink& sink) {
  constexpr int rounds_max = 8;
  char buffer[16384];
  for (int round = 0; round < rounds_max && fd_ >= 0; ++round) {
    const ssize_t n = ::read(fd_, buffer, sizeof buffer);
    if (n < 0) return;
    if (n > 0) {
      cut({buffer, static_cast<std::size_t>(n)}, sink);
    } else {
      if (!line_.empty()) sink(line_);
      close();
    }
  }
}

void Output::cut(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t room = line_bytes_max - line_.size();
    const std::size_t taken = std::min({end, bytes.size(), room});
    const bool whole = taken == end;
    if (whole && line_.empty()) {
      sink(bytes.substr(0, taken));
    } else {
      line_.append(bytes, 0, taken);
      if (whole || line_.size() == line_bytes_max) {
        sink(line_);
        line_.clear();
      }
    }
    bytes.remove_prefix(taken + (whole ? 1 : 0));
  }
}

}  // namespace tutti::engines
