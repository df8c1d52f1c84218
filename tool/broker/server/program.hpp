// The broker as a program in the foreground: what `tutti broker` runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/server/broker.hpp"

namespace tutti::broker {

struct ProgramSettings {
  std::string listen = "127.0.0.1:5672";  // port 0: a free one
  std::string tls_listen = {};            // empty: no TLS; with it certificate and key are needed
  std::filesystem::path certificate = {}, key = {};
  std::filesystem::path client_authorities = {};  // empty: clients are not asked for certificates
  std::string admin = {};               // health, metrics, listings; empty: default_admin, or any port if it is taken
  std::vector<std::string> hosts = {};  // virtual hosts beside "/"
  std::filesystem::path data = {};      // where messages are kept; empty: in memory only
  std::filesystem::path users = {};     // a file: see users_of(); empty: guest:guest, on loopback only
  std::optional<std::uint64_t> memory_bytes_max = {}, free_bytes_min = {};  // see BrokerSettings
  std::filesystem::path ready_file = {};                                    // empty: none; it is given the address
};

inline constexpr std::string_view default_admin = "127.0.0.1:15672";  // as RabbitMQ's management

// Until SIGTERM or SIGINT; the exit code. Throws std::runtime_error with a sentence, or tutti::Error.
int run(const ProgramSettings& settings);

// The users of a file with a line for each: NAME:PASSWORD, or NAME for one with a certificate. A line [HOST HOST...]
// says which virtual hosts those below it may enter, up to the next; those above all such lines may enter all. Throws
// std::runtime_error that names the line.
[[nodiscard]] Users users_of(std::string_view text);

}  // namespace tutti::broker
