#include "engines/process/environment.hpp"

#include <cctype>
#include <string_view>

#include "fleet/whole_file.hpp"

extern char** environ;

namespace tutti::engines {
namespace {

namespace fs = std::filesystem;
using fleet::DesiredService;

std::string as_variable(std::string name) {
  for (char& c : name) c = c == '-' || c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

// Without TUTTI_ variables: tutti's own surroundings must not change what the fleet file says.
Environment surroundings() {
  Environment out;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view text = *at;
    if (const std::size_t eq = text.find('='); eq != std::string_view::npos && !text.starts_with("TUTTI_"))
      out[std::string(text.substr(0, eq))] = text.substr(eq + 1);
  }
  return out;
}

void add_targets(Environment& out, const DesiredService& service, const fleet::DesiredState& state,
                 const fs::path& endpoints) {
  for (const DesiredService& other : state.services) {
    if (other.name == service.name || other.broker == fleet::BrokerUse::is_it) continue;
    std::vector<std::string> names = other.with;
    names.push_back(other.name);
    for (const std::string& name : names) {
      const std::string key = "TUTTI_TARGETS_" + as_variable(name);
      out[key + "_ENDPOINTS_FILE"] = endpoints.string();
      if (other.transport == fleet::Transport::http) out[key + "_TRANSPORT"] = "http";
    }
  }
}

std::string joined(const DesiredService& service) {
  std::string out = service.name;
  for (const std::string& other : service.with) out += "," + other;
  return out;
}

Environment assigned(const DesiredService& service, const Addresses& addresses) {
  if (service.binary.empty()) return {{"PORT", std::to_string(addresses.http)}};
  return {{"TUTTI_HTTP_LISTEN", listen_address(addresses)},
          {"TUTTI_RPC_LISTEN", "unix:" + addresses.socket},
          {"TUTTI_ADMIN_LISTEN", "127.0.0.1:" + std::to_string(addresses.admin)}};
}

}  // namespace

Environment environment_of(const DesiredService& service, const fleet::DesiredState& state, const Addresses& addresses,
                           const RunPlaces& places) {
  Environment out = surroundings();
  if (service.broker == fleet::BrokerUse::is_it) return out;
  if (places.log_format == LogFormat::text) out["TUTTI_LOG_FORMAT"] = "text";
  add_targets(out, service, state, places.endpoints);
  if (!service.binary.empty()) {
    out["TUTTI_DATA"] = places.data.string();
    if (!service.with.empty()) out["TUTTI_SERVICES"] = joined(service);
  }
  for (const auto& [name, text] : assigned(service, addresses)) out[name] = text;
  for (const auto& [name, text] : service.environment) out[name] = text;
  for (const std::string& name : overruled(service)) out[name] = assigned(service, addresses)[name];
  if (service.broker == fleet::BrokerUse::fleets) out["TUTTI_BROKER_URI"] = broker_uri(places.broker_port);
  return out;
}

std::vector<std::string> overruled(const DesiredService& service) {
  std::vector<std::string> out;
  if (service.binary.empty() && published_http(service) == nullptr) return out;  // its PORT is taken as it is
  for (const auto& [name, text] : assigned(service, {}))
    if (service.environment.contains(name)) out.push_back(name);
  return out;
}

std::string mount_secrets(const DesiredService& service, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) return folder.string() + ": " + error.message();
  for (const fleet::MountedSecret& secret : service.secrets)
    if (std::string problem = fleet::replace_whole(folder / secret.name, secret.content); !problem.empty())
      return problem;
  return {};
}

}  // namespace tutti::engines
