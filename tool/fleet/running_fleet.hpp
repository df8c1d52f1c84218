// What a running fleet leaves in its data folder: a lock, held as long as the fleet or its guardian lives, and a record
// of its instances, which `tutti ps` reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tutti::fleet {

struct InstanceRecord {
  std::string instance = {};
  std::string state = {};
  int pid = 0;  // 0: none at the moment
  int restarts = 0;
  std::uint16_t http = 0, admin = 0;  // 0: not assigned yet, or it has none
  std::uint16_t amqp = 0;             // of the fleet's broker
};

// Held until the process and all that it forked without exec are gone. Throws Refusal if another fleet holds it: two
// fleets over one data folder would open the same databases.
void take_lock(const std::filesystem::path& data);
[[nodiscard]] bool runs_over(const std::filesystem::path& data);

// Empty, or why it could not be written.
[[nodiscard]] std::string write_record(const std::filesystem::path& data, const std::vector<InstanceRecord>& record);
[[nodiscard]] std::vector<InstanceRecord> read_record(const std::filesystem::path& data);
void remove_record(const std::filesystem::path& data);

}  // namespace tutti::fleet
