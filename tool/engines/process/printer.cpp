#include "engines/process/printer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tutti::engines {
namespace {

// Cyan, yellow, green, magenta, blue, and their bright ones; red is for alarms.
constexpr std::array<std::string_view, 10> colours{"\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[34m",
                                                   "\x1b[96m", "\x1b[93m", "\x1b[92m", "\x1b[95m", "\x1b[94m"};
constexpr std::string_view plain = "\x1b[0m", bold = "\x1b[1m", bold_red = "\x1b[1;31m";

// The same pipe or terminal with a mode of its own: O_NONBLOCK on the descriptor that was given would hold for everyone
// who shares it, the shell included. -1: not possible or not needed, as for files.
int without_waiting(int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0 || !(S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode))) return -1;
  return ::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

}  // namespace

Printer::Printer(int fd, Colour colour, std::size_t label_width) : fd_(fd), colour_(colour), width_(label_width) {
  if (const int own = without_waiting(fd); own >= 0) {
    fd_ = own;
    reopened_ = true;
  }
}

Printer::~Printer() {
  if (reopened_) ::close(fd_);
}

void Printer::pass_on(const Speaker& speaker, std::string_view line) {
  if (gone_ || dropping_)
    ++dropped_;
  else
    append(speaker, Mark::instance, line, Tone::calm);
}

void Printer::say(const Speaker& speaker, std::string_view text, Tone tone) {
  // Beyond the limit, because it is little and matters; but not without end.
  if (gone_ || pending_.size() - written_ >= 2 * pending_bytes_max)
    ++dropped_;
  else
    append(speaker, Mark::fleet, text, tone);
}

void Printer::append(const Speaker& speaker, Mark mark, std::string_view text, Tone tone) {
  const std::size_t padding = width_ > speaker.label.size() ? width_ - speaker.label.size() : 0;
  const auto code = [&](std::string_view escape) {
    if (colour_ == Colour::yes) pending_.append(escape);
  };
  code(speaker.colour == Speaker::no_colour ? bold
                                            : colours[static_cast<std::size_t>(speaker.colour) % colours.size()]);
  pending_.append(speaker.label).append(padding, ' ').append(1, ' ').append(1, static_cast<char>(mark));
  code(plain);
  pending_.append(1, ' ');
  if (mark == Mark::fleet) code(tone == Tone::alarm ? bold_red : bold);
  pending_.append(text);
  const bool left_on = text.find('\x1b') != std::string_view::npos;  // a colour that the service has not switched off
  if (mark == Mark::fleet || left_on) code(plain);
  pending_.append(1, '\n');
}

void Printer::flush(Clock::time_point now) {
  while (has_pending() && !gone_) {
    const ssize_t n = ::write(fd_, pending_.data() + written_, pending_.size() - written_);
    if (n >= 0) {
      written_ += static_cast<std::size_t>(n);
      took(now);
    } else if (errno == EAGAIN) {
      if (!has_room() && now - last_taken_ >= stalled_after) dropping_ = true;
      break;
    } else if (errno != EINTR) {
      gone(errno);
    }
  }
  if (!has_pending()) {
    pending_.clear();
    written_ = 0;
    last_taken_ = now;  // a reader with nothing to read is not stalled
  } else if (written_ >= pending_bytes_max) {
    pending_.erase(0, written_);
    written_ = 0;
  }
}

void Printer::took(Clock::time_point now) {
  last_taken_ = now;
  // Not at its first sip: a reader that stays behind would switch this on and off.
  if (!dropping_ || pending_.size() - written_ > pending_bytes_max / 2) return;
  dropping_ = false;
  append(fleet_speaker, Mark::fleet, std::to_string(dropped_) + " lines were not printed: nobody read the output",
         Tone::alarm);
  dropped_ = 0;
}

void Printer::gone(int error) {
  gone_ = true;
  pending_.clear();
  written_ = 0;
  // stderr may be the same terminal or another one; nothing else is left to tell.
  std::fprintf(stderr, "tutti: the output cannot be written any more: %s; the fleet goes on (tutti ps shows it)\n",
               std::strerror(error));
}

void Printer::finish(std::chrono::milliseconds limit) {
  const auto until = Clock::now() + limit;
  for (auto now = Clock::now(); now < until; now = Clock::now()) {
    flush(now);
    if (!has_pending()) return;
    pollfd waiting{fd_, POLLOUT, 0};
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(until - now);
    ::poll(&waiting, 1, static_cast<int>(std::max<long long>(rest.count(), 1)));
  }
}

}  // namespace tutti::engines
