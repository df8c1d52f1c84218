// The engine that needs nothing installed: every instance is a child process in its own process group, in one loop over
// poll() and a signalfd. One thread, because the parent-death signal belongs to the thread that forked.
#pragma once

#include <filesystem>
#include <memory>

#include "engines/engine.hpp"

namespace tutti::engines {

struct ProcessSettings {
  std::filesystem::path data;         // TUTTI_DATA of all services: file names begin with the service's name
  std::filesystem::path ready_file;   // made when every service is ready; empty: none
  std::filesystem::path program_dir;  // where x-tutti.binary is looked up first
  enum class Terminal { no, yes } terminal = Terminal::no;  // a person reads the output
  enum class Colour { no, yes } colour = Colour::no;
};

[[nodiscard]] std::unique_ptr<Engine> make_process_engine(ProcessSettings settings);

}  // namespace tutti::engines
