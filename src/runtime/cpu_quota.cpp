#include "runtime/cpu_quota.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <sched.h>

namespace tutti::runtime {
namespace {

constexpr std::size_t file_bytes_max = 64 * 1024;
constexpr std::string_view mount = "/sys/fs/cgroup";

// Files of /proc and /sys say that their size is 0; read until the end.
std::string content(world::Files& files, const std::string& path) {
  int error = 0;
  const auto file = files.open(path, world::Open::read, error);
  if (file == nullptr) return {};
  std::string text;
  char piece[4096];
  while (text.size() < file_bytes_max) {
    const world::FileResult result = file->read(text.size(), std::as_writable_bytes(std::span(piece)));
    if (result.error != 0 || result.bytes == 0) break;
    text.append(piece, result.bytes);
  }
  return text;
}

std::optional<double> number(std::string_view text) {
  long long value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || value <= 0) return std::nullopt;  // "max", -1, missing: no quota
  return static_cast<double>(value);
}

std::optional<double> quotient(std::string_view quota, std::string_view period) {
  const auto above = number(quota);
  const auto below = number(period);
  if (!above || !below) return std::nullopt;
  return *above / *below;
}

void lower(std::optional<double>& least, std::optional<double> value) {
  if (value && (!least || *value < *least)) least = value;
}

// The quota of a group and of all groups around it: each of them binds. Inside a container the path may be the host's
// and not exist; the mount's root, looked at last, is then the container's own group.
template <class Read>
std::optional<double> least_quota(std::string path, Read read) {
  std::optional<double> least;
  for (;;) {
    while (path.ends_with('/')) path.pop_back();
    lower(least, read(path));
    if (path.empty()) return least;
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

bool lists_cpu(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t comma = controllers.find(',');
    if (controllers.substr(0, comma) == "cpu") return true;
    controllers = comma == std::string_view::npos ? std::string_view{} : controllers.substr(comma + 1);
  }
  return false;
}

std::optional<double> quota_of_version_2(world::Files& files, const std::string& path) {
  return least_quota(path, [&files](const std::string& group) {
    const std::string text =
        content(files, std::string(mount) + group + "/cpu.max");  // "200000 100000" or "max 100000"
    const std::size_t space = text.find(' ');
    return space == std::string::npos
               ? std::nullopt
               : quotient(std::string_view(text).substr(0, space), std::string_view(text).substr(space + 1));
  });
}

std::optional<double> quota_of_version_1(world::Files& files, const std::string& controllers, const std::string& path) {
  std::optional<double> least;
  for (const std::string& hierarchy : {controllers, std::string("cpu")}) {
    lower(least, least_quota(path, [&](const std::string& group) {
            const std::string directory = std::string(mount) + "/" + hierarchy + group;
            return quotient(content(files, directory + "/cpu.cfs_quota_us"),
                            content(files, directory + "/cpu.cfs_period_us"));
          }));
  }
  return least;
}

}  // namespace

std::size_t cpu_quota(world::Files& files, std::size_t allowed) {
  const std::string groups = content(files, "/proc/self/cgroup");  // lines "0::/path" and "4:cpu,cpuacct:/path"
  std::optional<double> least;
  for (std::string_view rest = groups; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest = line.size() < rest.size() ? rest.substr(line.size() + 1) : std::string_view{};
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string controllers(line.substr(first + 1, second - first - 1));
    const std::string path(line.substr(second + 1));
    if (controllers.empty()) {
      lower(least, quota_of_version_2(files, path));
    } else if (lists_cpu(controllers)) {
      lower(least, quota_of_version_1(files, controllers, path));
    }
  }
  if (allowed == 0) allowed = 1;
  if (!least || *least >= static_cast<double>(allowed)) return allowed;
  const auto whole = static_cast<std::size_t>(*least);
  return whole == 0 || static_cast<double>(whole) < *least ? whole + 1 : whole;
}

std::size_t cpus_allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<std::size_t>(CPU_COUNT(&set));
  const unsigned int machine = std::thread::hardware_concurrency();  // more than 1024 CPUs
  return machine == 0 ? 1 : machine;
}

}  // namespace tutti::runtime
