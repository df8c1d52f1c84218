#include "fleet/selection.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "fleet/refusal.hpp"
#include "settings/keys.hpp"

namespace tutti::fleet {
namespace {

using Services = std::vector<DesiredService>;
using Hosts = std::map<std::string, std::string>;  // hosted service -> its host

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

DesiredService* find(Services& services, const std::string& name) {
  const auto at =
      std::find_if(services.begin(), services.end(), [&](const DesiredService& s) { return s.name == name; });
  return at == services.end() ? nullptr : &*at;
}

std::string did_you_mean(const Services& services, const std::string& name) {
  std::vector<std::string_view> names;
  for (const DesiredService& service : services) names.push_back(service.name);
  const std::string near(settings::nearest(name, names));
  return near.empty() ? "" : "; did you mean " + in_quotes(near);
}

Hosts hosts_of(Services& all) {
  Hosts out;
  for (const DesiredService& service : all)
    for (const std::string& hosted : service.with) {
      const auto refuse = [&](const std::string& why) {
        throw Refusal(exit_code::settings,
                      service.place + ": service " + in_quotes(service.name) + ": x-tutti.with: " + why);
      };
      if (service.binary.empty()) refuse("needs x-tutti.binary, whose program links both services");
      const DesiredService* other = find(all, hosted);
      if (other == nullptr || hosted == service.name)
        refuse("there is no other service " + in_quotes(hosted) + did_you_mean(all, hosted));
      if (!other->with.empty()) refuse(in_quotes(hosted) + " hosts others itself");
      if (!out.emplace(hosted, service.name).second)
        refuse(in_quotes(hosted) + " is hosted by " + in_quotes(out[hosted]) + " already");
    }
  return out;
}

// A hosted service is not started by itself; what it depends on, its host depends on, and so do those who need it.
Hosts place_hosted(Services& all) {
  Hosts hosts = hosts_of(all);
  for (const auto& [hosted, by] : hosts) {
    const DesiredService guest = *find(all, hosted);
    DesiredService& host = *find(all, by);
    for (const auto& [name, text] : guest.environment) host.environment.emplace(name, text);
    for (const MountedSecret& secret : guest.secrets)
      if (std::none_of(host.secrets.begin(), host.secrets.end(),
                       [&](const MountedSecret& own) { return own.name == secret.name; }))
        host.secrets.push_back(secret);
    host.depends_on.insert(host.depends_on.end(), guest.depends_on.begin(), guest.depends_on.end());
    std::erase_if(all, [&](const DesiredService& s) { return s.name == hosted; });
  }
  for (DesiredService& service : all) {
    for (Dependency& d : service.depends_on)
      if (const auto at = hosts.find(d.service); at != hosts.end()) d.service = at->second;
    if (!service.with.empty())  // host and guest may depend on each other
      std::erase_if(service.depends_on, [&](const Dependency& d) { return d.service == service.name; });
  }
  return hosts;
}

// The stronger of two conditions on one service would be lost if only one were kept: both stay, and both must be met.
Services named(Services& all, const Hosts& hosts, const std::vector<std::string>& wanted) {
  std::set<std::string> chosen;
  const std::function<void(const std::string&)> take = [&](const std::string& name) {
    const auto at = hosts.find(name);
    const DesiredService* service = find(all, at == hosts.end() ? name : at->second);
    if (service == nullptr)
      throw Refusal(exit_code::usage,
                    "there is no service " + in_quotes(name) + " in the fleet file" + did_you_mean(all, name));
    if (!chosen.insert(service->name).second) return;
    for (const Dependency& d : service->depends_on)
      if (d.required && find(all, d.service) != nullptr) take(d.service);
  };
  for (const std::string& name : wanted) take(name);
  Services out;
  for (const DesiredService& service : all)
    if (chosen.contains(service.name)) out.push_back(service);
  return out;
}

Services active(const Services& all, const std::set<std::string, std::less<>>& profiles) {
  Services out;
  for (const DesiredService& service : all)
    if (service.profiles.empty() || profiles.contains("*") ||
        std::any_of(service.profiles.begin(), service.profiles.end(),
                    [&](const std::string& p) { return profiles.contains(p); }))
      out.push_back(service);
  return out;
}

// What is not started is nobody's dependency, unless it is required: then nothing would ever start.
void settle_dependencies(Services& services, const Services& all) {
  for (DesiredService& service : services)
    std::erase_if(service.depends_on, [&](const Dependency& d) {
      if (find(services, d.service) != nullptr) return false;
      if (!d.required) return true;
      const bool elsewhere =
          std::any_of(all.begin(), all.end(), [&](const DesiredService& s) { return s.name == d.service; });
      throw Refusal(exit_code::settings,
                    d.place + ": service " + in_quotes(service.name) + ": depends_on names " + in_quotes(d.service) +
                        (elsewhere ? ", which is in no active profile; give --profile or write required: false"
                                   : ", which is not defined" + did_you_mean(all, d.service)));
    });
}

// A job that others wait for must be able to end: it is not started again after success.
void let_jobs_end(Services& services) {
  for (const DesiredService& service : services)
    for (const Dependency& d : service.depends_on) {
      if (d.condition != Condition::completed) continue;
      DesiredService& job = *find(services, d.service);
      if (job.restart_place.empty()) job.restart = Restart::no;
      if (job.restart == Restart::always || job.restart == Restart::unless_stopped)
        throw Refusal(exit_code::settings, job.restart_place + ": service " + in_quotes(job.name) +
                                               ": is always started again, but " + in_quotes(service.name) + " (" +
                                               d.place + ") waits for its end; write restart: on-failure or no");
    }
}

// Depth first; a service met again while it is still being visited closes a circle.
Services ordered(Services& services) {
  enum class Mark { none, open, done };
  std::map<std::string, Mark> marks;
  Services out;
  const std::function<void(const DesiredService&)> visit = [&](const DesiredService& service) {
    Mark& mark = marks[service.name];
    if (mark == Mark::done) return;
    if (mark == Mark::open)
      throw Refusal(exit_code::settings, service.place + ": service " + in_quotes(service.name) +
                                             ": depends on itself through depends_on; remove one of the links");
    mark = Mark::open;
    for (const Dependency& d : service.depends_on) visit(*find(services, d.service));
    marks[service.name] = Mark::done;
    out.push_back(service);
  };
  for (const DesiredService& service : services) visit(service);
  return out;
}

}  // namespace

std::vector<DesiredService> select(std::vector<DesiredService> all, const Selection& selection) {
  const Hosts hosts = place_hosted(all);
  Services out = selection.services.empty() ? active(all, selection.profiles) : named(all, hosts, selection.services);
  settle_dependencies(out, all);
  let_jobs_end(out);
  return ordered(out);
}

}  // namespace tutti::fleet
