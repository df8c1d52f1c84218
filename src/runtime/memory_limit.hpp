// How much memory this process may use: the cgroup's limit (version 2: memory.max, version 1: memory.limit_in_bytes).
// Over it the kernel kills, without a word; so what grows with the load is sized to stay below.
#pragma once

#include <cstdint>
#include <optional>

#include "world/files.hpp"

namespace tutti::runtime {

// In bytes; none without a limit.
[[nodiscard]] std::optional<std::uint64_t> memory_limit(world::Files& files);

}  // namespace tutti::runtime
