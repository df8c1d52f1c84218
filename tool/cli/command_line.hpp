// The words of the command line as a request.
#pragma once

#include <filesystem>
#include <string>

#include "broker/server/program.hpp"
#include "fleet/fleet_file.hpp"

namespace tutti::cli {

struct Arguments {
  std::string command = {};  // "up", "ps", "config", "broker", "help" or "version"
  std::string topic = {};    // of help: a command, or empty
  fleet::FleetRequest request = {};
  std::filesystem::path data = {}, ready_file = {};  // empty: not given
  broker::ProgramSettings broker = {};
  std::string listing = {};  // of broker: "queues", "connections" or "consumers" of one that runs; empty: run one
  enum class Output { words, json } output = Output::words;
};

// Throws Refusal with exit_code::usage.
[[nodiscard]] Arguments parse(int argc, const char* const* argv);
[[nodiscard]] std::string_view help_of(std::string_view topic);

}  // namespace tutti::cli
