// How many CPUs this process may use: the cgroup's quota (version 2: cpu.max, version 1: cpu.cfs_quota_us), since a
// container on a 64-core machine that may use two of them is only throttled by 64 threads.
#pragma once

#include <cstddef>

#include "world/files.hpp"

namespace tutti::runtime {

// Rounded up, at least 1. Without a quota: the CPUs that the process is allowed to run on.
[[nodiscard]] std::size_t cpu_quota(world::Files& files, std::size_t cpus_allowed);
[[nodiscard]] std::size_t cpus_allowed();  // sched_getaffinity

}  // namespace tutti::runtime
