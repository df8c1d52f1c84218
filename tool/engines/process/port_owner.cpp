#include "engines/process/port_owner.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace tutti::engines {
namespace {

namespace fs = std::filesystem;

// The lines of proc(5) net/tcp: "0: 0100007F:1F90 00000000:0000 0A ... inode"; state 0A is listening.
void collect_listening(const char* table, std::uint16_t port, std::set<std::string>& sockets) {
  char wanted[8];
  std::snprintf(wanted, sizeof wanted, ":%04X", port);
  std::ifstream in(table);
  std::string line;
  std::getline(in, line);  // the heading
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
    if (state == "0A" && local.ends_with(wanted)) sockets.insert("socket:[" + inode + "]");
  }
}

bool has_one_of(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code error;  // a process that is not ours, or ends while we look
  for (fs::directory_iterator at(process / "fd", error), end; !error && at != end; at.increment(error)) {
    const fs::path target = fs::read_symlink(at->path(), error);
    if (!error && sockets.contains(target.string())) return true;
    error.clear();
  }
  return false;
}

}  // namespace

std::string port_owner(std::uint16_t port) {
  std::set<std::string> sockets;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) collect_listening(table, port, sockets);
  if (sockets.empty()) return {};
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const std::string pid = at->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos || !has_one_of(at->path(), sockets)) continue;
    std::string name;
    std::getline(std::ifstream(at->path() / "comm"), name);
    return "\"" + name + "\" (pid " + pid + ")";
  }
  return {};
}

}  // namespace tutti::engines
