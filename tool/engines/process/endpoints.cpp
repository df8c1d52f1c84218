#include "engines/process/endpoints.hpp"

namespace tutti::engines {
namespace {

void append(std::string& out, const std::string& target, const std::string& service, const char* transport) {
  out += out.empty() ? "\n" : ",\n";
  out += "  {\"targets\": [\"" + target + "\"], \"labels\": {\"service\": \"" + service + "\", \"transport\": \"" +
         transport + "\"}}";
}

}  // namespace

std::string endpoints_text(std::span<const Instance> instances) {
  std::string out;
  for (const Instance& i : instances) {
    if (i.state != State::ready || i.service.broker == fleet::BrokerUse::is_it) continue;
    std::vector<std::string> names = i.service.with;
    names.push_back(i.service.name);
    for (const std::string& name : names) {
      if (!i.service.binary.empty()) append(out, "unix:" + i.addresses.socket, name, "rpc");
      append(out, call_address(i.addresses), name, "http");
    }
  }
  return "[" + out + "\n]\n";
}

}  // namespace tutti::engines
