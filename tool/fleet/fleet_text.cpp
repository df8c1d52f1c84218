#include "fleet/fleet_text.hpp"

#include <sstream>
#include <string_view>
#include <vector>

namespace tutti::fleet {
namespace {

std::string list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : " ") + text;
  return out;
}

std::string describe(const PublishedPort& port) {
  std::string range = port.first == 0 ? "any" : std::to_string(port.first);
  if (port.last > port.first) range += "-" + std::to_string(port.last);
  const std::string host = port.host.find(':') == std::string::npos ? port.host : "[" + port.host + "]";
  return host + ":" + range + " -> " + std::to_string(port.target);
}

std::string describe(const Dependency& dependency) {
  switch (dependency.condition) {
    case Condition::started:
      return dependency.service;
    case Condition::healthy:
      return dependency.service + " (healthy)";
    case Condition::completed:
      return dependency.service + " (completed)";
  }
  return {};
}

std::string health(const DesiredService& service) {
  if (!service.healthcheck.test.empty() && !service.healthcheck.disabled) return list(service.healthcheck.test);
  return service.is_probed() ? "/readyz of the admin port" : "none";
}

std::string restart(const DesiredService& service) {
  switch (service.restart) {
    case Restart::no:
      return "no";
    case Restart::on_failure:
      return service.restart_max == 0 ? "on-failure" : "on-failure:" + std::to_string(service.restart_max);
    case Restart::always:
      return "always";
    case Restart::unless_stopped:
      return "unless-stopped";
  }
  return {};
}

void append(std::ostringstream& out, const DesiredService& s) {
  constexpr std::size_t column = 16;
  const auto line = [&](std::string_view key, const std::string& text) {
    if (!text.empty()) out << "  " << key << std::string(column - key.size(), ' ') << text << "\n";
  };
  out << "\n" << s.name << "\n";
  line("binary", s.binary);
  line("command", list(s.command));
  line("hosts too", list(s.with));
  line("owner", s.owner);
  line("replicas", std::to_string(s.replicas));
  if (s.broker == BrokerUse::fleets) line("broker", "the fleet's");
  if (s.broker != BrokerUse::is_it) line("transport", s.transport == Transport::rpc ? "rpc" : "http");
  for (const PublishedPort& port : s.ports) line("port", describe(port));
  for (const Dependency& dependency : s.depends_on) line("depends on", describe(dependency));
  for (const auto& [name, text] : s.environment) line("environment", name + "=" + text);
  for (const MountedSecret& secret : s.secrets) line("secret", secret.name);
  line("health", health(s));
  line("restart", restart(s));
  line("stop", s.stop_signal + ", killed after " + std::to_string(s.stop_grace_period.count()) + " ms");
}

}  // namespace

std::string to_text(const DesiredState& state) {
  std::ostringstream out;
  out << "fleet " << state.name << " (" << state.folder.string() << ")\n";
  for (const DesiredService& service : state.services) append(out, service);
  return out.str();
}

}  // namespace tutti::fleet
