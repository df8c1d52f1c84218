#include "fleet/fleet_broker.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>

#include "fleet/refusal.hpp"
#include "settings/yaml.hpp"

namespace tutti::fleet {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view setting = "tutti.broker.uri";

// Whether the file of settings has a broker in it. One that cannot be read is the service's matter: it says so.
bool has_broker(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  const yaml::Document document = yaml::read(text.str());
  const yaml::Node* node = &document.root;
  for (const char* key : {"tutti", "broker", "uri"})
    if (node != nullptr) node = node->find(key);
  return node != nullptr && !node->text.empty();
}

// Of "--settings FILE", "--settings=FILE" and the environment; empty: none.
std::string settings_file(const DesiredService& service) {
  constexpr std::string_view option = "--settings";
  for (std::size_t at = 0; at < service.command.size(); ++at) {
    const std::string_view word = service.command[at];
    if (word == option && at + 1 < service.command.size()) return service.command[at + 1];
    if (word.starts_with(option) && word.substr(option.size()).starts_with('='))
      return std::string(word.substr(option.size() + 1));
  }
  const auto given = service.environment.find("TUTTI_SETTINGS");
  return given == service.environment.end() ? "" : given->second;
}

// In the order in which a setting counts, the strongest first.
bool names_a_broker(const DesiredService& service) {
  const std::string option = "--" + std::string(setting);
  if (std::any_of(service.command.begin(), service.command.end(),
                  [&](const std::string& word) { return word.starts_with(option); }))
    return true;
  if (const auto given = service.environment.find("TUTTI_BROKER_URI"); given != service.environment.end())
    return !given->second.empty();
  if (std::any_of(service.secrets.begin(), service.secrets.end(),
                  [](const MountedSecret& secret) { return secret.name == setting; }))
    return true;
  const std::string file = settings_file(service);
  return !file.empty() && has_broker(service.working_dir / file);
}

}  // namespace

std::optional<Value> wanted_broker(const Value& root) {
  const Value* const extension = root.find("x-tutti");
  const Value* const broker = extension == nullptr ? nullptr : extension->find("broker");
  return broker == nullptr ? std::nullopt : std::optional(*broker);
}

void add_broker(DesiredState& state, const std::optional<Value>& wanted) {
  const bool asked_for = wanted && truth(*wanted, "x-tutti.broker");
  if (wanted && !asked_for) return;
  if (state.host_of(broker_name) != nullptr) {  // it says itself where its broker is
    if (asked_for) refuse(*wanted, "x-tutti.broker is true, but a service is called \"broker\" already; rename it");
    return;
  }
  bool needed = asked_for;
  for (DesiredService& service : state.services) {
    service.broker = names_a_broker(service) ? BrokerUse::own : BrokerUse::fleets;
    needed = needed || (service.broker == BrokerUse::fleets && !service.binary.empty());
  }
  for (DesiredService& service : state.services) {
    if (!needed) service.broker = BrokerUse::own;
    if (service.broker == BrokerUse::fleets)
      service.depends_on.push_back({.service = broker_name, .place = service.place});
  }
  if (!needed) return;
  state.services.insert(state.services.begin(), DesiredService{.name = broker_name,
                                                               .place = state.services.front().place,
                                                               .program_place = state.services.front().place,
                                                               .binary = "tutti",
                                                               .command = {"broker"},
                                                               .working_dir = state.folder,
                                                               .broker = BrokerUse::is_it});
}

}  // namespace tutti::fleet
