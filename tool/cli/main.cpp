// The program tutti: words of the command line into a request, and errors into one line and an exit code.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "engines/process/process_engine.hpp"
#include "fleet/fleet_file.hpp"
#include "fleet/refusal.hpp"

extern char** environ;

namespace {

namespace fs = std::filesystem;
using tutti::fleet::Refusal;

constexpr const char* help = R"(tutti runs a fleet of services from a Compose file.

  tutti up [SERVICE...]   start the fleet (or these services and what they depend on); Ctrl-C stops it
  tutti ps [--json]       the instances of the running fleet
  tutti config            what the fleet files come to

  -f, --file FILE         a Compose file; several are merged (default: compose.yaml)
  --profile NAME          also the services of this profile
  --data DIR              databases and the fleet's state (default: .tutti/data beside the first file)
  --ready-file PATH       up: write PATH once every service is ready
  --version, --help
)";

struct Arguments {
  std::string command;
  tutti::fleet::FleetRequest request;
  fs::path data, ready_file;
  enum class Output { words, json } output = Output::words;
};

Arguments parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 >= argc) throw Refusal(2, word + " needs a value; see tutti --help");
      return argv[++i];
    };
    if (word == "-f" || word == "--file")
      out.request.files.push_back(value());
    else if (word == "--profile")
      out.request.profiles.push_back(value());
    else if (word == "--data")
      out.data = value();
    else if (word == "--ready-file")
      out.ready_file = value();
    else if (word == "--json")
      out.output = Arguments::Output::json;
    else if (word == "--help" || word == "-h" || word == "--version")
      out.command = word == "--version" ? word : "--help";
    else if (word.starts_with("-"))
      throw Refusal(2, "unknown option \"" + word + "\"; see tutti --help");
    else if (out.command.empty())
      out.command = word;
    else
      out.request.services.push_back(word);
  }
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view text = *at;
    if (const std::size_t eq = text.find('='); eq != std::string_view::npos)
      out.request.surroundings.emplace(text.substr(0, eq), text.substr(eq + 1));
  }
  return out;
}

int up(const Arguments& arguments, const tutti::fleet::DesiredState& state, const fs::path& data) {
  for (const std::string& note : state.notes) std::cerr << "note: " << note << "\n";
  if (state.services.empty())
    throw Refusal(tutti::fleet::exit_code::settings, "no service is in an active profile; give --profile");
  const bool colour = ::isatty(1) == 1 && std::getenv("NO_COLOR") == nullptr;
  using tutti::engines::ProcessSettings;
  return tutti::engines::make_process_engine(
             {.data = data,
              .ready_file = arguments.ready_file,
              .program_dir = fs::read_symlink("/proc/self/exe").parent_path(),
              .colour = colour ? ProcessSettings::Colour::yes : ProcessSettings::Colour::no})
      ->run(state);
}

int ps(const Arguments& arguments, const fs::path& data) {
  const int lock = ::open((data / "fleet.lock").c_str(), O_RDWR | O_CLOEXEC);
  if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) == 0)
    throw Refusal(1, "no fleet runs over " + data.string() + "; start it with tutti up");
  std::ifstream in(data / "fleet.state");
  const bool json = arguments.output == Arguments::Output::json;
  std::string out = json ? "[" : "INSTANCE              STATE         PID       RESTARTS  HTTP   ADMIN\n";
  const char* separator = "\n";
  for (std::string line; std::getline(in, line);) {
    std::stringstream fields(line);
    std::string f[6];
    for (std::string& field : f) std::getline(fields, field, '\t');
    char text[512];
    std::snprintf(
        text, sizeof text,
        json ? "  {\"instance\": \"%s\", \"state\": \"%s\", \"pid\": %s, \"restarts\": %s, \"http\": %s, \"admin\": %s}"
             : "%-20s  %-12s  %-8s  %-8s  %-5s  %s\n",
        f[0].c_str(), f[1].c_str(), f[2].c_str(), f[3].c_str(), f[4].c_str(), f[5].c_str());
    out += (json ? separator : "") + std::string(text);
    separator = ",\n";
  }
  std::cout << out << (json ? "\n]\n" : "");
  return 0;
}

int run(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  if (arguments.command == "--version") return std::cout << "tutti " TUTTI_VERSION "\n", 0;
  if (arguments.command == "--help") return std::cout << help, 0;
  if (arguments.command != "up" && arguments.command != "ps" && arguments.command != "config")
    throw Refusal(2, arguments.command.empty()
                         ? "a command is missing; expected up, ps or config; see tutti --help"
                         : "unknown command \"" + arguments.command + "\"; expected up, ps or config");
  const tutti::fleet::DesiredState state = tutti::fleet::read_fleet(arguments.request);
  const fs::path data = fs::absolute(arguments.data.empty() ? state.folder / ".tutti" / "data" : arguments.data);
  if (arguments.command == "config") return std::cout << tutti::fleet::to_text(state), 0;
  return arguments.command == "ps" ? ps(arguments, data) : up(arguments, state, data);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Refusal& refusal) {
    std::cerr << "tutti: " << refusal.what() << "\n";
    return refusal.code();
  } catch (const std::exception& error) {
    std::cerr << "tutti: " << error.what() << "\n";
    return 1;
  }
}
