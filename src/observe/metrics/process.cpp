#include "observe/metrics/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tutti::observe {
namespace {

// At most 4 KiB of a file of /proc; empty if it cannot be read.
std::string read_small(const char* path) {
  const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {};
  char text[4096];
  const auto bytes = ::read(descriptor, text, sizeof text);
  ::close(descriptor);
  return bytes > 0 ? std::string(text, static_cast<std::size_t>(bytes)) : std::string{};
}

// Fields of /proc/self/stat as proc(5) numbers them. The second, the program's name, may contain anything; what follows
// its closing parenthesis is numbers.
double stat_field(int wanted) {
  const auto text = read_small("/proc/self/stat");
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::string_view rest = std::string_view(text).substr(name_end + 1);
  for (int field = 3;; ++field) {
    const auto start = rest.find_first_not_of(' ');
    if (start == std::string_view::npos) return 0;
    rest.remove_prefix(start);
    const auto end = std::min(rest.find(' '), rest.size());
    if (field == wanted) {
      std::uint64_t value = 0;
      std::from_chars(rest.data(), rest.data() + end, value);
      return static_cast<double>(value);
    }
    rest.remove_prefix(end);
  }
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc/self/fd"), &::closedir);
  if (!directory) return 0;
  int count = 0;
  while (const auto* entry = ::readdir(directory.get())) count += entry->d_name[0] != '.';
  return count - 1;  // the directory's own
}

double descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

// The kernel tells the start in ticks since its boot, and the boot in seconds since 1970.
double start_time_seconds() {
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const int descriptor = ::open("/proc/stat", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  // btime stands behind the lines of all processors and of all interrupts: read until it comes.
  std::string text;
  char piece[16384];
  for (ssize_t bytes = 0; (bytes = ::read(descriptor, piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(bytes));
  ::close(descriptor);
  const auto at = text.find("\nbtime ");
  if (at == std::string::npos) return 0;
  double boot = 0;
  std::from_chars(text.data() + at + 7, text.data() + text.size(), boot);
  return boot + stat_field(22) / ticks;
}

}  // namespace

void observe_process(Metrics& metrics) {
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  metrics.observe_total("process.cpu", {.unit = "s", .description = "CPU time used, user and system"}, {},
                        &cpu_seconds);
  metrics.observe("process.resident_memory", {.unit = "By", .description = "Resident memory"}, {},
                  [page] { return stat_field(24) * page; });
  metrics.observe("process.virtual_memory", {.unit = "By", .description = "Virtual memory"}, {},
                  [] { return stat_field(23); });
  metrics.observe("process.threads", {.description = "Threads"}, {}, [] { return stat_field(20); });
  metrics.observe("process.open_fds", {.description = "Open file descriptors"}, {}, &open_descriptors);
  metrics.observe("process.max_fds", {.description = "Soft limit of file descriptors"}, {}, &descriptor_limit);
  metrics.observe("process.start_time", {.unit = "s", .description = "Start of the process since 1970-01-01, UTC"}, {},
                  [start = start_time_seconds()] { return start; });
}

}  // namespace tutti::observe
