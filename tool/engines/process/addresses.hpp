// Where instances listen: the published port of the fleet file, else a free one; and what to say when one is taken.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fleet/desired_state.hpp"

namespace tutti::engines {

struct Addresses {
  std::string host = "127.0.0.1";  // of http
  std::uint16_t http = 0, admin = 0;
  std::uint16_t amqp = 0;   // of the fleet's broker, which has no http
  std::string socket = {};  // of rpc
};

[[nodiscard]] std::string listen_address(const Addresses& addresses);  // "127.0.0.1:8080", "[::1]:8080"
// What a caller on this machine uses: an instance that listens on every address is reached over loopback.
[[nodiscard]] std::string call_address(const Addresses& addresses);
[[nodiscard]] std::string broker_uri(std::uint16_t port);

// The port that instance `number` takes; null if none is published. The first one counts: it is where HTTP is served.
[[nodiscard]] const fleet::PublishedPort* published_http(const fleet::DesiredService& service);
// The PORT that the fleet file gives a service without x-tutti.binary.
[[nodiscard]] std::optional<std::uint16_t> own_port(const fleet::DesiredService& service);
[[nodiscard]] std::uint16_t port_of(const fleet::PublishedPort& port, unsigned number);

// Free ports of this machine, none given twice by one fleet. Throws Refusal if there is none.
class FreePorts {
 public:
  [[nodiscard]] std::uint16_t take();
  void give_back(std::uint16_t port) { taken_.erase(port); }

 private:
  std::set<std::uint16_t> taken_;
};

// Throws Refusal, with the place in the fleet file and who holds the port, if one that is published cannot be had.
void check_ports(const std::vector<fleet::DesiredService>& services);

}  // namespace tutti::engines
