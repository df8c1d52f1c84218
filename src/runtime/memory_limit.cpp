#include "runtime/memory_limit.hpp"

#include <charconv>
#include <string>

#include "runtime/control_groups.hpp"

namespace tutti::runtime {
namespace {

// Version 1 writes "no limit" as the largest number of whole pages.
constexpr std::uint64_t no_limit = std::uint64_t{1} << 60;

std::optional<std::uint64_t> limit_of(world::Files& files, const ControlGroup& group) {
  const std::string text =
      kernel_file(files, group.folder + (group.version == 1 ? "/memory.limit_in_bytes" : "/memory.max"));
  std::uint64_t bytes = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (result.ec != std::errc{} || bytes == 0 || bytes >= no_limit) return std::nullopt;  // "max", -1, missing: none
  return bytes;
}

}  // namespace

std::optional<std::uint64_t> memory_limit(world::Files& files) {
  std::optional<std::uint64_t> least;
  visit_control_groups(files, "memory", [&](const ControlGroup& group) {
    const std::optional<std::uint64_t> limit = limit_of(files, group);
    if (limit && (!least || *limit < *least)) least = limit;
  });
  return least;
}

}  // namespace tutti::runtime
