#include "runtime/cpu_quota.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <sched.h>

#include "runtime/control_groups.hpp"

namespace tutti::runtime {
namespace {

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

std::optional<double> quota_of(world::Files& files, const ControlGroup& group) {
  if (group.version == 1) {
    return quotient(kernel_file(files, group.folder + "/cpu.cfs_quota_us"),
                    kernel_file(files, group.folder + "/cpu.cfs_period_us"));
  }
  const std::string text = kernel_file(files, group.folder + "/cpu.max");  // "200000 100000" or "max 100000"
  const std::size_t space = text.find(' ');
  if (space == std::string::npos) return std::nullopt;
  return quotient(std::string_view(text).substr(0, space), std::string_view(text).substr(space + 1));
}

}  // namespace

std::size_t cpu_quota(world::Files& files, std::size_t allowed) {
  std::optional<double> least;
  visit_control_groups(files, "cpu", [&](const ControlGroup& group) {
    const std::optional<double> quota = quota_of(files, group);
    if (quota && (!least || *quota < *least)) least = quota;
  });
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
