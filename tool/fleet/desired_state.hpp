// What should run: the fleet file after merging, interpolation and profiles, with every default written out. Engines
// read this and nothing else, so an engine knows no Compose.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tutti::fleet {

enum class Condition { started, healthy, completed };
enum class Restart { no, on_failure, always, unless_stopped };
enum class Transport { rpc, http };
enum class BrokerUse {
  own,     // none, or one that it names itself
  fleets,  // is given the URI of the fleet's
  is_it,   // the fleet's broker: the engine gives it its addresses and its folder
};

// A `place` is where the fleet file says so ("compose.yaml:3:7"), for messages about what is wrong with it.
struct Dependency {
  std::string service;
  Condition condition = Condition::started;
  bool required = true;
  std::string place = {};
};

struct PublishedPort {
  std::string host = "127.0.0.1";
  std::uint16_t first = 0;  // 0: any free one
  std::uint16_t last = 0;   // instance n takes first + n
  std::uint16_t target = 0;
  std::string place = {};
};

struct Healthcheck {
  bool disabled = false;
  std::vector<std::string> test = {};  // empty: the admin port's /readyz, for services with a binary
  std::chrono::milliseconds interval{30'000}, timeout{30'000}, start_period{0}, start_interval{1'000};
  int retries = 3;
};

struct MountedSecret {
  std::string name;  // of the mounted file: the setting
  std::string content;
};

struct DesiredService {
  std::string name;
  std::string place = {};
  std::string program_place = {};  // of the key that names the program
  std::string binary = {};         // empty: `command` alone
  std::vector<std::string> command = {};
  std::map<std::string, std::string> environment = {};
  std::vector<PublishedPort> ports = {};
  std::vector<Dependency> depends_on = {};
  Healthcheck healthcheck = {};
  Restart restart = Restart::always;
  int restart_max = 0;             // on-failure:n; 0: no limit
  std::string restart_place = {};  // empty: the default
  std::chrono::milliseconds stop_grace_period{10'000};
  std::string stop_signal = "SIGTERM";
  std::uint32_t replicas = 1;
  std::vector<MountedSecret> secrets = {};
  std::filesystem::path working_dir = {};
  std::vector<std::string> with = {};
  Transport transport = Transport::rpc;
  std::string owner = {};
  std::vector<std::string> profiles = {};
  BrokerUse broker = BrokerUse::own;

  // Whether somebody looks if it is ready; otherwise it is ready once it is started.
  [[nodiscard]] bool is_probed() const {
    return !healthcheck.disabled && (!binary.empty() || !healthcheck.test.empty());
  }
};

struct DesiredState {
  std::string name;
  std::filesystem::path folder;  // of the first fleet file
  std::vector<DesiredService> services;
  std::vector<std::string> ignored;  // keys without a meaning here: "compose.yaml:3:5: service "web": image is ..."
  std::vector<std::string> notes;    // what else should be known, such as variables that are not set

  // The service that hosts `name`: itself, or the one that says `with`.
  [[nodiscard]] const DesiredService* host_of(const std::string& name) const {
    for (const DesiredService& service : services) {
      if (service.name == name) return &service;
      for (const std::string& other : service.with)
        if (other == name) return &service;
    }
    return nullptr;
  }
};

inline constexpr std::uint32_t replicas_max = 256;

}  // namespace tutti::fleet
