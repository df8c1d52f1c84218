#include "cli/commands.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "broker/server/admin.hpp"
#include "engines/process/process_engine.hpp"
#include "fleet/fleet_text.hpp"
#include "fleet/refusal.hpp"
#include "fleet/running_fleet.hpp"

namespace tutti::cli {
namespace {

namespace fs = std::filesystem;
using engines::ProcessSettings;
using fleet::Refusal;

fs::path data_of(const Arguments& arguments, const fs::path& folder) {
  return fs::absolute(arguments.data.empty() ? folder / ".tutti" / "data" : arguments.data).lexically_normal();
}

// A Compose file written for containers has many keys that mean nothing to processes: said in one line, not in fifty.
void print_notes(const fleet::DesiredState& state) {
  constexpr std::size_t shown_max = 3;
  for (const std::string& note : state.notes) std::cerr << "note: " << note << "\n";
  if (state.ignored.size() <= shown_max) {
    for (const std::string& note : state.ignored) std::cerr << "note: " << note << "\n";
  } else {
    std::cerr << "note: " << state.ignored.size()
              << " keys of the fleet file mean nothing to processes and are ignored; tutti config lists them\n";
  }
}

ProcessSettings::Colour wanted_colour() {
  const auto set = [](const char* name) { return std::getenv(name) != nullptr && *std::getenv(name) != '\0'; };
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return ::isatty(1) == 1 && !set("NO_COLOR") && !dumb ? ProcessSettings::Colour::yes : ProcessSettings::Colour::no;
}

using Row = std::array<std::string, 7>;

std::string as_table(const std::vector<Row>& rows) {
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string out;
  for (const Row& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c)
      out += row[c] + (c + 1 == row.size() ? "\n" : std::string(widths[c] - row[c].size() + 2, ' '));
  }
  return out;
}

std::string or_dash(int number) { return number == 0 ? "-" : std::to_string(number); }

std::string as_words(const std::vector<fleet::InstanceRecord>& record) {
  std::vector<Row> rows{{"INSTANCE", "STATE", "PID", "RESTARTS", "HTTP", "AMQP", "ADMIN"}};
  for (const fleet::InstanceRecord& r : record)
    rows.push_back({r.instance, r.state, or_dash(r.pid), std::to_string(r.restarts), or_dash(r.http), or_dash(r.amqp),
                    or_dash(r.admin)});
  return as_table(rows);
}

// Names are letters, digits, _, . and -: nothing to escape.
std::string as_json(const std::vector<fleet::InstanceRecord>& record) {
  std::string out = "[";
  for (const fleet::InstanceRecord& r : record)
    out += (out.size() == 1 ? "\n" : ",\n") + ("  {\"instance\": \"" + r.instance) + "\", \"state\": \"" + r.state +
           "\", \"pid\": " + std::to_string(r.pid) + ", \"restarts\": " + std::to_string(r.restarts) +
           ", \"http\": " + std::to_string(r.http) + ", \"amqp\": " + std::to_string(r.amqp) +
           ", \"admin\": " + std::to_string(r.admin) + "}";
  return out + "\n]\n";
}

}  // namespace

int up(const Arguments& arguments) {
  const fleet::DesiredState state = fleet::read_fleet(arguments.request);
  print_notes(state);
  if (state.services.empty())
    throw Refusal(fleet::exit_code::settings, "no service is in an active profile; give --profile");
  return engines::make_process_engine(
             {.data = data_of(arguments, state.folder),
              .ready_file = arguments.ready_file,
              .program_dir = fs::read_symlink("/proc/self/exe").parent_path(),
              .terminal = ::isatty(1) == 1 ? ProcessSettings::Terminal::yes : ProcessSettings::Terminal::no,
              .colour = wanted_colour()})
      ->run(state);
}

int ps(const Arguments& arguments) {
  // The file itself is not read: it may need variables that only the fleet's own terminal has.
  const fs::path data =
      data_of(arguments, arguments.data.empty() ? fleet::fleet_folder(arguments.request) : fs::path());
  if (!fleet::runs_over(data))
    throw Refusal(fleet::exit_code::failed, "no fleet runs over " + data.string() + "; start it with tutti up");
  const std::vector<fleet::InstanceRecord> record = fleet::read_record(data);
  std::cout << (arguments.output == Arguments::Output::json ? as_json(record) : as_words(record));
  return 0;
}

int config(const Arguments& arguments) {
  const fleet::DesiredState state = fleet::read_fleet(arguments.request);
  for (const std::string& note : state.notes) std::cerr << "note: " << note << "\n";
  for (const std::string& note : state.ignored) std::cerr << "note: " << note << "\n";
  std::cout << fleet::to_text(state);
  return 0;
}

namespace {

// The admin port of the broker in that fleet; 0: none runs there.
std::uint16_t broker_admin(const fs::path& data) {
  if (!fleet::runs_over(data)) return 0;
  for (const fleet::InstanceRecord& record : fleet::read_record(data))
    if (record.amqp != 0) return record.admin;
  return 0;
}

// --admin, else the fleet of --data or --file, else the fleet of this folder if there is one, else where one listens
// if nothing was said.
std::string admin_address(const Arguments& arguments) {
  if (!arguments.broker.admin.empty()) return arguments.broker.admin;
  const bool named = !arguments.data.empty() || !arguments.request.files.empty();
  fs::path folder;
  try {
    if (arguments.data.empty()) folder = fleet::fleet_folder(arguments.request);
  } catch (const Refusal&) {
    if (named) throw;
    return std::string(broker::default_admin);  // no fleet file here
  }
  const fs::path data = data_of(arguments, folder);
  if (const std::uint16_t port = broker_admin(data); port != 0) return "127.0.0.1:" + std::to_string(port);
  if (named)
    throw Refusal(fleet::exit_code::failed,
                  "no fleet with a broker runs over " + data.string() + "; tutti ps shows it");
  return std::string(broker::default_admin);
}

int print_listing(const Arguments& arguments) {
  const std::string text = admin_address(arguments);
  const auto address = world::parse_address(text);
  if (!address)
    throw Refusal(fleet::exit_code::usage, "--admin is \"" + text + "\"; expected an address like 127.0.0.1:15672");
  const char* const form = arguments.output == Arguments::Output::json ? "" : ".txt";
  std::cout << broker::ask_admin(*address, "/" + arguments.listing + form);
  return 0;
}

}  // namespace

int broker(const Arguments& arguments) {
  broker::ProgramSettings settings = arguments.broker;
  settings.data = arguments.data;
  settings.ready_file = arguments.ready_file;
  if (!arguments.listing.empty()) return print_listing(arguments);
  return broker::run(settings);
}

}  // namespace tutti::cli
