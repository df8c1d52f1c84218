#include "fleet/ports.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "fleet/check_keys.hpp"
#include "fleet/refusal.hpp"

namespace tutti::fleet {
namespace {

using yaml::Form;

std::uint16_t port_number(const Value& at, std::string_view text, const std::string& what) {
  unsigned out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out == 0 || out > 65535)
    refuse(at, what + " is " + in_quotes(text) + "; expected a port from 1 to 65535");
  return static_cast<std::uint16_t>(out);
}

void check_host(const Value& at, const std::string& host, const std::string& what) {
  in6_addr ignored{};
  if (::inet_pton(AF_INET, host.c_str(), &ignored) != 1 && ::inet_pton(AF_INET6, host.c_str(), &ignored) != 1)
    refuse(at, what + ": the host is " + in_quotes(host) + "; expected an IP address such as 127.0.0.1");
}

// Target ports may be a range too, as wide as the published one; instance n gets one of each.
PublishedPort published(const Value& at, std::string_view host, std::string_view range, std::string_view target,
                        const std::string& what) {
  PublishedPort out{.place = at.place};
  if (!host.empty()) out.host = host;
  check_host(at, out.host, what);
  out.target = port_number(at, target.substr(0, target.find('-')), what);
  if (range.empty()) return out;
  const std::size_t dash = range.find('-');
  out.first = port_number(at, range.substr(0, dash), what);
  out.last = dash == std::string_view::npos ? out.first : port_number(at, range.substr(dash + 1), what);
  if (out.last < out.first) refuse(at, what + ": the range " + in_quotes(range) + " ends before it begins");
  return out;
}

bool is_every_address(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

// The ports that the instances take, of the range that is written.
std::uint32_t last_taken(const DesiredService& service, const PublishedPort& port) {
  return port.first + std::max(service.replicas, 1U) - 1;
}

}  // namespace

PublishedPort published_port(const Value& value, const std::string& what, std::vector<std::string>& ignored) {
  if (value.form == Form::mapping) {
    check_keys(value, "services.ports", what + ": ", ignored);
    const auto text = [&](const char* key) {
      return value.find(key) == nullptr ? std::string() : scalar(*value.find(key), what + "." + key);
    };
    if (const std::string protocol = text("protocol"); !protocol.empty() && protocol != "tcp")
      refuse(value, what + ".protocol is " + in_quotes(protocol) + "; only tcp is supported");
    if (value.find("target") == nullptr)
      refuse(value, what + " has no target; write the port that the service listens on");
    return published(value, text("host_ip"), text("published"), text("target"), what);
  }
  std::string_view text = scalar(value, what);
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (text.substr(slash) != "/tcp") refuse(value, what + " is " + in_quotes(text) + "; only tcp is supported");
    text = text.substr(0, slash);
  }
  const std::size_t last = text.rfind(':');
  if (last == std::string_view::npos) return published(value, {}, {}, text, what);
  const std::string_view target = text.substr(last + 1);
  std::string_view rest = text.substr(0, last), host;
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    host = rest.substr(0, colon);
    rest = rest.substr(colon + 1);
    if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  }
  return published(value, host, rest, target, what);
}

void check_room(const DesiredService& service) {
  for (const PublishedPort& p : service.ports) {
    if (p.first == 0 || static_cast<unsigned>(p.last - p.first + 1) >= service.replicas) continue;
    const std::string range = std::to_string(p.first) + "-" + std::to_string(p.first + service.replicas - 1);
    throw Refusal(exit_code::settings, p.place + ": service " + in_quotes(service.name) + ": port " +
                                           std::to_string(p.first) +
                                           " can be listened on by one instance only and there are " +
                                           std::to_string(service.replicas) + " replicas; publish a range such as " +
                                           in_quotes(range + ":" + std::to_string(p.target)) + " or one replica");
  }
}

void check_clashes(const std::vector<DesiredService>& services) {
  struct Taken {
    const DesiredService& service;
    const PublishedPort& port;
  };
  std::vector<Taken> taken;
  for (const DesiredService& service : services)
    for (const PublishedPort& p : service.ports) {
      if (p.first == 0 || service.replicas == 0) continue;
      for (const auto& [other, q] : taken) {
        const bool same_host = p.host == q.host || is_every_address(p.host) || is_every_address(q.host);
        const bool overlap = p.first <= last_taken(other, q) && q.first <= last_taken(service, p);
        if (same_host && overlap)
          throw Refusal(exit_code::settings, p.place + ": service " + in_quotes(service.name) + ": port " +
                                                 std::to_string(std::max(p.first, q.first)) + " is published by " +
                                                 (&other == &service ? "itself" : in_quotes(other.name)) + " (" +
                                                 q.place + ") too; choose another one");
      }
      taken.push_back({service, p});
    }
}

}  // namespace tutti::fleet
