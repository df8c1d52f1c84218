// Control groups are how the kernel limits a container: a tree of folders below /sys/fs/cgroup, of version 2 (one tree
// for all) or version 1 (one tree a controller). A process is in one group of each tree; the limits of that group and
// of all groups around it bind.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "world/files.hpp"

namespace tutti::runtime {

struct ControlGroup {
  int version = 2;
  std::string folder;
};

// Visits the process's group of a controller ("cpu", "memory") and every group around it, innermost first. A folder
// need not exist: inside a container the path may be the host's, and the mount's root, visited last, is then its own
// group.
void visit_control_groups(world::Files& files, std::string_view controller,
                          const std::function<void(const ControlGroup&)>& visit);

// A file of /proc or /sys, empty if it cannot be read. They say that their size is 0, so it is read until its end.
[[nodiscard]] std::string kernel_file(world::Files& files, const std::string& path);

}  // namespace tutti::runtime
