#include "runtime/control_groups.hpp"

#include <span>

namespace tutti::runtime {
namespace {

constexpr std::size_t file_bytes_max = 64 * 1024;
constexpr std::string_view mount = "/sys/fs/cgroup";

bool lists(std::string_view controllers, std::string_view controller) {
  while (!controllers.empty()) {
    const std::size_t comma = controllers.find(',');
    if (controllers.substr(0, comma) == controller) return true;
    controllers = comma == std::string_view::npos ? std::string_view{} : controllers.substr(comma + 1);
  }
  return false;
}

void visit_with_those_around(int version, const std::string& tree, std::string path,
                             const std::function<void(const ControlGroup&)>& visit) {
  for (;;) {
    while (path.ends_with('/')) path.pop_back();
    visit({.version = version, .folder = tree + path});
    if (path.empty()) return;
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

}  // namespace

std::string kernel_file(world::Files& files, const std::string& path) {
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

void visit_control_groups(world::Files& files, std::string_view controller,
                          const std::function<void(const ControlGroup&)>& visit) {
  const std::string groups = kernel_file(files, "/proc/self/cgroup");  // lines "0::/path" and "4:cpu,cpuacct:/path"
  for (std::string_view rest = groups; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest = line.size() < rest.size() ? rest.substr(line.size() + 1) : std::string_view{};
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string controllers(line.substr(first + 1, second - first - 1));
    const std::string path(line.substr(second + 1));
    if (controllers.empty()) {
      visit_with_those_around(2, std::string(mount), path, visit);
    } else if (lists(controllers, controller)) {
      // The tree is named after all its controllers, and often linked by the name of each.
      visit_with_those_around(1, std::string(mount) + "/" + controllers, path, visit);
      if (controllers != controller) {
        visit_with_those_around(1, std::string(mount) + "/" + std::string(controller), path, visit);
      }
    }
  }
}

}  // namespace tutti::runtime
