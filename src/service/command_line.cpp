#include "service/command_line.hpp"

namespace tutti::detail {

CommandLine parse_command_line(std::span<char* const> arguments) {
  CommandLine line;
  if (!arguments.empty()) line.program = arguments[0];
  if (const std::size_t slash = line.program.rfind('/'); slash != std::string::npos) line.program.erase(0, slash + 1);
  bool command_seen = false;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      line.command = "help";
      return line;
    }
    if (argument == "--version") {
      line.command = "version";
      return line;
    }
    if (argument == "--json" || argument == "--all" || argument == "--asyncapi") {  // a command's own, and no settings
      line.operands.emplace_back(argument);
    } else if (argument.starts_with("--") && argument.size() > 2) {
      line.flags.emplace_back(argument);
      // "--key value": the value is the next argument, unless that is a flag itself.
      if (argument.find('=') == std::string_view::npos && i + 1 < arguments.size() && !std::string_view(arguments[i + 1]).starts_with("--")) {
        line.flags.emplace_back(arguments[++i]);
      }
    } else if (!command_seen) {
      line.command = argument;
      command_seen = true;
    } else {
      line.operands.emplace_back(argument);
    }
  }
  return line;
}

std::string usage(const CommandLine& line, std::span<const Composed> services) {
  std::string names;
  for (const Composed& service : services) names += (names.empty() ? "" : ", ") + std::string(service.service.name);
  const std::string& p = line.program;
  const std::string first = services.empty() ? "service" : std::string(services.front().service.name);
  return p + ": the service " + names + "\n\n"
         "  " + p + "                        serve until SIGTERM or SIGINT, then drain\n"
         "  " + p + " settings [json]        the effective settings and where each comes from\n"
         "  " + p + " contract [SERVICE]     the contract as OpenAPI 3.1; --asyncapi: its events as AsyncAPI 3.0\n"
         "  " + p + " contract diff OLD.json what changed since OLD.json; exit 1 if a caller would break\n"
         "  " + p + " call METHOD [JSON]     call a running " + first + " (METHOD: \"charge\" or \"" + first + ".charge\")\n"
         "  " + p + " health                 ask the running service's admin port; exit 0 if it is ready\n"
         "  " + p + " dead-letters           the events that were given up; show ID, replay ID|--all, purge ID|--all; --json\n"
         "  " + p + " systemd                a unit file for this binary, with the settings given as flags\n"
         "  " + p + " --version | --help\n\n"
         "Settings: --" + first + ".KEY=VALUE, --tutti.http.listen=ADDRESS, --settings FILE, --settings-dir DIR, or the\n"
         "environment (TUTTI_HTTP_LISTEN). Exit codes: 0 drained, 1 failed, 2 usage, 75 drain deadline missed,\n"
         "77 address taken or not permitted, 78 bad settings or contract.\n";
}

}  // namespace tutti::detail
