#include "cli/command_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <string_view>
#include <vector>

#include "fleet/refusal.hpp"
#include "settings/keys.hpp"

extern char** environ;

namespace tutti::cli {
namespace {

using fleet::Refusal;

struct Command {
  std::string_view name;
  std::vector<std::string_view> options;
  enum class Operands { none, services, listing } operands;
  std::string_view help;
};

const std::array<Command, 4>& commands() {
  static const std::array<Command, 4> all{{
      {"up",
       {"--file", "--profile", "--data", "--ready-file"},
       Command::Operands::services,
       R"(tutti up [SERVICE...] starts the fleet, or these services and what they depend on, and stays in the foreground.
It prints what they print, starts again what dies, and tells when all are ready. Ctrl-C stops them in order; once more
kills them.

  -f, --file FILE     a Compose file; several are merged (default: compose.yaml)
  --profile NAME      also the services of this profile; may be repeated
  --data DIR          databases and the fleet's state (default: .tutti/data beside the first file)
  --ready-file PATH   write PATH once every service is ready; it is removed at the end

Exit code: 0 stopped as asked, 1 something failed, 75 something had to be killed, 77 a port is taken, 78 the fleet file
is wrong or a program is missing.
)"},
      {"ps",
       {"--file", "--data", "--json"},
       Command::Operands::none,
       R"(tutti ps prints the instances of the running fleet: what they are doing, their process, how often they were
started again, their ports.

  -f, --file FILE     the fleet's Compose file (default: compose.yaml)
  --data DIR          where the fleet was started with it (default: .tutti/data beside the first file)
  --json              for programs

Exit code: 0; 1 if no fleet runs.
)"},
      {"config",
       {"--file", "--profile"},
       Command::Operands::services,
       R"(tutti config [SERVICE...] prints what the fleet files come to, after merging, variables and profiles, and on
stderr what of them is ignored. Secrets are left out.

  -f, --file FILE     a Compose file; several are merged (default: compose.yaml)
  --profile NAME      also the services of this profile; may be repeated

Exit code: 0; 78 if a file is wrong.
)"},
      {"broker",
       {"--listen", "--tls-listen", "--certificate", "--key", "--client-ca", "--admin", "--data", "--vhost", "--users",
        "--memory-max", "--disk-free-min", "--ready-file", "--file", "--json"},
       Command::Operands::listing,
       R"(tutti broker runs a message broker for AMQP 0-9-1 in the foreground, until Ctrl-C. With --data what
is durable outlives it: a persistent message is confirmed when it is on disk.
tutti broker queues|connections|consumers prints what a running broker has: the one of --admin, else that of the fleet
which runs here, else the one on 127.0.0.1:15672.

  --listen ADDRESS    where clients connect (default: 127.0.0.1:5672; port 0 takes a free one)
  --tls-listen ADDRESS, --certificate FILE, --key FILE
                      with TLS; certificate (with its chain) and key in PEM
  --client-ca FILE    whose certificates clients may show; with one they log in as its common name (EXTERNAL)
  --admin ADDRESS     health, metrics and listings over HTTP (default: 127.0.0.1:15672, or a free port if it is taken)
  --data DIR          where durable queues and messages are kept (default: nowhere, they last as long as it runs);
                      of a listing: the fleet's data folder
  --vhost NAME        a virtual host beside "/"; may be repeated
  --users FILE        who may connect, a line NAME:PASSWORD each, or NAME for one with a certificate; below a line
                      [HOST HOST...] those who may enter these virtual hosts only (default: guest:guest, for this
                      machine only)
  --memory-max MIB    of messages; over it publishers wait (default: 256)
  --disk-free-min MIB when less is free where --data is, publishers wait (default: 64)
  --ready-file PATH   write PATH, with the address in it, once clients may connect; it is removed at the end
  -f, --file FILE     of a listing: the fleet's Compose file
  --json              of a listing: for programs

Exit code: 0 stopped as asked, 1 something failed.
)"},
  }};
  return all;
}

constexpr std::string_view overview = R"(tutti runs a fleet of services from a Compose file.

  tutti up [SERVICE...]       start the fleet (or these services and what they depend on); Ctrl-C stops it
  tutti ps [--json]           the instances of the running fleet
  tutti config [SERVICE...]   what the fleet files come to
  tutti broker                a message broker (AMQP 0-9-1)
  tutti broker queues         what a running one has; also connections, consumers

  -f, --file FILE             a Compose file; several are merged (default: compose.yaml)
  --profile NAME              also the services of this profile
  --data DIR                  databases and the fleet's state (default: .tutti/data beside the first file)
  --ready-file PATH           up: write PATH once every service is ready
  --version, --help

tutti COMMAND --help tells more.
)";

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

[[noreturn]] void refuse(const std::string& what) { throw Refusal(fleet::exit_code::usage, what); }

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& names) {
  const std::string_view near = settings::nearest(word, names);
  return near.empty() ? "" : "; did you mean " + in_quotes(near);
}

const Command* find_command(std::string_view name) {
  for (const Command& command : commands())
    if (command.name == name) return &command;
  return nullptr;
}

const Command& command_named(std::string_view name) {
  if (const Command* command = find_command(name)) return *command;
  std::vector<std::string_view> names;
  std::string listed;
  for (const Command& command : commands()) {
    names.push_back(command.name);
    listed += (listed.empty() ? "" : ", ") + std::string(command.name);
  }
  if (name.empty()) refuse("a command is missing; expected one of " + listed + "; see tutti --help");
  refuse("unknown command " + in_quotes(name) + "; expected one of " + listed + did_you_mean(name, names));
}

struct Option {
  std::string name;
  std::string value;
};

std::uint64_t mebibytes(const Option& option) {
  constexpr std::uint64_t most = 1024 * 1024;
  std::uint64_t number = 0;
  const char* const last = option.value.data() + option.value.size();
  const auto [end, error] = std::from_chars(option.value.data(), last, number);
  if (error != std::errc() || end != last || number > most)
    refuse(option.name + " is " + in_quotes(option.value) + "; expected a whole number of MiB, at most " +
           std::to_string(most));
  return number * 1024 * 1024;
}

void apply(const Option& option, Arguments& out) {
  if (option.name == "--file") out.request.files.emplace_back(option.value);
  if (option.name == "--profile") out.request.profiles.push_back(option.value);
  if (option.name == "--data") out.data = option.value;
  if (option.name == "--ready-file") out.ready_file = option.value;
  if (option.name == "--listen") out.broker.listen = option.value;
  if (option.name == "--admin") out.broker.admin = option.value;
  if (option.name == "--tls-listen") out.broker.tls_listen = option.value;
  if (option.name == "--certificate") out.broker.certificate = option.value;
  if (option.name == "--key") out.broker.key = option.value;
  if (option.name == "--client-ca") out.broker.client_authorities = option.value;
  if (option.name == "--vhost") out.broker.hosts.push_back(option.value);
  if (option.name == "--users") out.broker.users = option.value;
  if (option.name == "--memory-max") out.broker.memory_bytes_max = mebibytes(option);
  if (option.name == "--disk-free-min") out.broker.free_bytes_min = mebibytes(option);
  if (option.name == "--json") out.output = Arguments::Output::json;
}

constexpr std::array<std::string_view, 3> listings{"queues", "connections", "consumers"};

// Running a broker and asking one take different options.
void check_listing(const std::vector<Option>& options, const std::vector<std::string>& operands) {
  static const std::vector<std::string_view> of_listings{"--admin", "--data", "--file", "--json"};
  static const std::vector<std::string_view> only_of_listings{"--file", "--json"};
  const auto is_in = [](const auto& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!operands.empty() && !is_in(listings, operands.front()))
    refuse("tutti broker lists queues, connections or consumers, not " + in_quotes(operands.front()));
  if (operands.size() > 1) refuse("tutti broker lists one thing at a time; remove " + in_quotes(operands[1]));
  for (const Option& option : options) {
    if (!operands.empty() && !is_in(of_listings, option.name))
      refuse("tutti broker " + operands.front() + " has no option " + in_quotes(option.name));
    if (operands.empty() && is_in(only_of_listings, option.name))
      refuse(option.name + " is an option of tutti broker queues, connections and consumers");
  }
}

// Options may stand before the command: they are judged when it is known.
void check(const Command& command, const std::vector<Option>& options, const std::vector<std::string>& operands) {
  for (const Option& option : options)
    if (std::find(command.options.begin(), command.options.end(), option.name) == command.options.end())
      refuse("tutti " + std::string(command.name) + " has no option " + in_quotes(option.name) + "; see tutti " +
             std::string(command.name) + " --help");
  if (command.operands == Command::Operands::listing) return check_listing(options, operands);
  if (command.operands == Command::Operands::none && !operands.empty())
    refuse("tutti " + std::string(command.name) + " takes no operand; remove " + in_quotes(operands.front()));
}

fleet::Variables surroundings() {
  fleet::Variables out;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view text = *at;
    if (const std::size_t eq = text.find('='); eq != std::string_view::npos)
      out.emplace(text.substr(0, eq), text.substr(eq + 1));
  }
  return out;
}

}  // namespace

Arguments parse(int argc, const char* const* argv) {
  static const std::vector<std::string_view> known{
      "--file",       "--profile",     "--data",          "--ready-file", "--json",   "--listen",
      "--tls-listen", "--certificate", "--key",           "--client-ca",  "--admin",  "--vhost",
      "--users",      "--memory-max",  "--disk-free-min", "--help",       "--version"};
  std::vector<Option> options;
  std::vector<std::string> words;
  bool help = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with("-")) {
      words.emplace_back(word);
      continue;
    }
    const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string_view::npos;
    std::string name(word.substr(0, equals));
    if (name == "-f") name = "--file";
    if (name == "-h") name = "--help";
    if (std::find(known.begin(), known.end(), name) == known.end())
      refuse("unknown option " + in_quotes(name) + did_you_mean(name, known) + "; see tutti --help");
    if (name == "--version") return {.command = "version"};
    if (name == "--help") {
      help = true;
      continue;
    }
    std::string value;
    if (name == "--json") {
      if (equals != std::string_view::npos) refuse("--json takes no value");
    } else if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else {
      if (i + 1 == argc) refuse(std::string(word) + " needs a value; see tutti --help");
      value = argv[++i];
    }
    if (value.empty() && name != "--json") refuse(name + " needs a value; see tutti --help");
    options.push_back({std::move(name), std::move(value)});
  }

  Arguments out;
  if (help || (!words.empty() && words.front() == "help")) {
    if (!words.empty() && words.front() == "help") words.erase(words.begin());
    out.command = "help";
    if (!words.empty()) out.topic = command_named(words.front()).name;
    return out;
  }
  const Command& command = command_named(words.empty() ? "" : words.front());
  out.command = command.name;
  out.request.services.assign(words.begin() + 1, words.end());
  check(command, options, out.request.services);
  if (command.operands == Command::Operands::listing && words.size() > 1) out.listing = words[1];
  for (const Option& option : options) apply(option, out);
  out.request.surroundings = surroundings();
  return out;
}

std::string_view help_of(std::string_view topic) {
  const Command* command = find_command(topic);
  return command == nullptr ? overview : command->help;
}

}  // namespace tutti::cli
