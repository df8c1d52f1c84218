// The program tutti: runs the command and turns errors into one line and an exit code.
#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <iostream>

#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "fleet/refusal.hpp"

namespace {

namespace cli = tutti::cli;
using tutti::fleet::Refusal;

// Started with a standard stream closed (>&-), the next file that is opened would take its number and be written to.
void open_standard_streams() {
  int fd = ::open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) fd = ::open("/dev/null", O_RDWR);
  if (fd >= 0) ::close(fd);
}

int run(int argc, char** argv) {
  const cli::Arguments arguments = cli::parse(argc, argv);
  if (arguments.command == "up") return cli::up(arguments);
  if (arguments.command == "ps") return cli::ps(arguments);
  if (arguments.command == "config") return cli::config(arguments);
  if (arguments.command == "broker") return cli::broker(arguments);
  if (arguments.command == "version")
    std::cout << "tutti " TUTTI_VERSION "\n";
  else
    std::cout << cli::help_of(arguments.topic);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  try {
    const int code = run(argc, argv);
    if (!std::cout.flush()) throw Refusal(tutti::fleet::exit_code::failed, "the output cannot be written");
    return code;
  } catch (const Refusal& refusal) {
    std::cerr << "tutti: " << refusal.what() << "\n";
    return refusal.code();
  } catch (const std::exception& error) {
    std::cerr << "tutti: " << error.what() << "\n";
    return tutti::fleet::exit_code::failed;
  }
}
