#include "fleet/fleet_file.hpp"

#include <set>
#include <sstream>
#include <utility>

#include "fleet/fleet_broker.hpp"
#include "fleet/fleet_tree.hpp"
#include "fleet/ports.hpp"
#include "fleet/refusal.hpp"
#include "fleet/selection.hpp"
#include "fleet/service_reader.hpp"
#include "fleet/whole_file.hpp"

namespace tutti::fleet {
namespace {

namespace fs = std::filesystem;

// The first that exists, by Compose's order, with its override.
std::vector<fs::path> files_here() {
  for (const char* stem : {"compose", "docker-compose"})
    for (const char* end : {".yaml", ".yml"}) {
      if (!fs::exists(std::string(stem) + end)) continue;
      std::vector<fs::path> out{std::string(stem) + end};
      for (const char* second : {".override.yaml", ".override.yml"})
        if (out.size() == 1 && fs::exists(std::string(stem) + second)) out.push_back(std::string(stem) + second);
      return out;
    }
  throw Refusal(
      exit_code::settings,
      "there is no fleet file in " + fs::current_path().string() +
          "; looked for compose.yaml, compose.yml, docker-compose.yaml and docker-compose.yml; name one with -f");
}

std::set<std::string, std::less<>> active_profiles(const FleetRequest& request, const settings::Lookup& lookup) {
  std::set<std::string, std::less<>> out(request.profiles.begin(), request.profiles.end());
  std::stringstream listed(lookup("COMPOSE_PROFILES").value_or(""));
  for (std::string profile; std::getline(listed, profile, ',');) out.insert(profile);
  return out;
}

const std::vector<std::pair<std::string, Value>>& services_of(const FleetTree& tree, const fs::path& file) {
  const Value* services = tree.root.find("services");
  if (services == nullptr || services->entries.empty())
    throw Refusal(exit_code::settings,
                  file.string() + ": there is no service in it; expected services: with at least one");
  return services->entries;
}

std::vector<fs::path> files_of(const FleetRequest& request) {
  return request.files.empty() ? files_here() : request.files;
}

fs::path folder_of(const fs::path& file) { return fs::absolute(file).lexically_normal().parent_path(); }

}  // namespace

fs::path fleet_folder(const FleetRequest& request) { return folder_of(files_of(request).front()); }

DesiredState read_fleet(const FleetRequest& request) {
  const std::vector<fs::path> files = files_of(request);
  DesiredState out;
  out.folder = folder_of(files.front());

  Variables dot_env;
  const settings::Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
    if (const auto at = request.surroundings.find(name); at != request.surroundings.end()) return at->second;
    if (const auto at = dot_env.find(name); at != dot_env.end()) return at->second;
    return std::nullopt;
  };
  if (const fs::path file = out.folder / ".env"; fs::exists(file))
    dot_env = read_variables(file.string(), whole_text(file, ""), lookup);

  FleetTree tree;
  for (const fs::path& file : files) lay_over(tree, file, lookup);

  const Value* name = tree.root.find("name");
  out.name = name == nullptr || name->null ? out.folder.filename().string() : scalar(*name, "name");
  std::vector<DesiredService> all;
  for (const auto& [service, value] : services_of(tree, files.front()))
    all.push_back(read_service(
        service, value,
        {.folder = out.folder, .lookup = lookup, .secrets = tree.root.find("secrets"), .ignored = tree.ignored}));
  out.services = select(std::move(all), {.services = request.services, .profiles = active_profiles(request, lookup)});
  check_clashes(out.services);
  if (!out.services.empty()) add_broker(out, wanted_broker(tree.root));
  out.ignored = std::move(tree.ignored);
  out.notes = std::move(tree.notes);
  return out;
}

}  // namespace tutti::fleet
