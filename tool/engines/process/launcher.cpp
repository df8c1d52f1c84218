#include "engines/process/launcher.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "engines/process/child.hpp"
#include "fleet/refusal.hpp"

namespace tutti::engines {

namespace fs = std::filesystem;

namespace {

// Services are told it once, so the broker has the same one each time it is started.
RunPlaces with_broker_port(RunPlaces places, const fleet::DesiredState& state, FreePorts& ports) {
  for (const fleet::DesiredService& service : state.services)
    if (service.broker == fleet::BrokerUse::is_it) places.broker_port = ports.take();
  return places;
}

}  // namespace

Launcher::Launcher(const fleet::DesiredState& state, fs::path folder, RunPlaces places)
    : state_(state), folder_(std::move(folder)), places_(with_broker_port(std::move(places), state, ports_)) {}

std::vector<std::string> Launcher::words_of(const Instance& i) const {
  std::vector<std::string> words = i.service.command;
  if (!i.service.binary.empty()) words.insert(words.begin(), i.program);
  if (i.service.broker != fleet::BrokerUse::is_it) return words;
  const auto at_port = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
  words.insert(words.end(), {"--listen", at_port(i.addresses.amqp), "--admin", at_port(i.addresses.admin), "--data",
                             (places_.data / i.service.name).string()});
  return words;
}

std::string Launcher::launch(Instance& i) {
  if (std::string problem = assign(i); !problem.empty()) return problem;
  i.environment = environment_of(i.service, state_, i.addresses, places_);
  if (!i.service.secrets.empty()) {
    const fs::path mounted = folder_ / (i.speaker.label + ".settings");
    if (std::string problem = mount_secrets(i.service, mounted); !problem.empty()) return problem;
    i.environment["TUTTI_SETTINGS_DIR"] = mounted.string();
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::strerror(errno);
  i.pid = spawn({.program = i.program,
                 .words = words_of(i),
                 .environment = i.environment,
                 .folder = i.service.working_dir,
                 .output = ends[1]});
  const int error = errno;
  ::close(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  i.output.open(ends[0]);
  if (i.pid < 0) return std::strerror(error);
  return {};
}

// A free port is another one at each start: what is taken meanwhile harms only once.
std::string Launcher::assign(Instance& i) {
  Addresses& a = i.addresses;
  try {
    const fleet::PublishedPort* published = published_http(i.service);
    if (published == nullptr) ports_.give_back(a.http);
    ports_.give_back(a.admin);
    if (i.service.broker == fleet::BrokerUse::is_it) {
      a.amqp = places_.broker_port;
    } else if (published != nullptr) {
      a.http = port_of(*published, i.number);
      a.host = published->host;
    } else {
      a.http = own_port(i.service).value_or(0);
      if (a.http == 0) a.http = ports_.take();
    }
    if (!i.service.binary.empty()) a.admin = ports_.take();
  } catch (const fleet::Refusal& refusal) {
    return refusal.what();
  }
  a.socket = (folder_ / (i.speaker.label + ".sock")).string();
  ::unlink(a.socket.c_str());  // left by an instance that was killed
  return {};
}

}  // namespace tutti::engines
