// The command line of a service's binary: one command, its arguments, and settings as flags.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/main.hpp>

namespace tutti::detail {

struct CommandLine {
  std::string program;
  std::string command = "serve";
  std::vector<std::string> operands = {};  // of the command: METHOD JSON
  std::vector<std::string> flags = {};     // --settings FILE, --payments.limit_minor=5
};

// argv as main got it. `--help` and `--version` become commands of those names. Never fails: what is not known is refused
// by the command.
[[nodiscard]] CommandLine parse_command_line(std::span<char* const> arguments);

// The text of --help.
[[nodiscard]] std::string usage(const CommandLine& line, std::span<const Composed> services);

}  // namespace tutti::detail
