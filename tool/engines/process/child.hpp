// A child process in a process group of its own, which dies with tutti.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tutti::engines {

struct Command {
  std::string program;             // a path
  std::vector<std::string> words;  // argv
  const std::map<std::string, std::string>& environment;
  std::filesystem::path folder;
  int output = -1;  // stdout and stderr; -1: nowhere
};

// The child's id, or -1 with errno. Only the thread that spawned may live as long as the child: the parent-death signal
// belongs to it.
[[nodiscard]] pid_t spawn(const Command& command);
// What a child of ours that is no other program has to do first: its own group, no life after tutti.
void become_child(pid_t parent);

// "exited with 77: an address is taken or may not be listened on"
[[nodiscard]] std::string exit_reason(int status);
// Of the names that the fleet file allows.
[[nodiscard]] int signal_number(const std::string& name);

}  // namespace tutti::engines
