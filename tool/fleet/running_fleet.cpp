#include "fleet/running_fleet.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>

#include "fleet/refusal.hpp"
#include "fleet/whole_file.hpp"

namespace tutti::fleet {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

fs::path lock_of(const fs::path& data) { return data / "fleet.lock"; }
fs::path record_of(const fs::path& data) { return data / "fleet.state"; }

}  // namespace

void take_lock(const fs::path& data) {
  const auto refuse = [&](const std::string& what) { throw Refusal(exit_code::failed, what); };
  std::error_code error;
  fs::create_directories(data, error);
  const int fd = error ? -1 : ::open(lock_of(data).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    refuse("the data folder " + data.string() +
           " cannot be written: " + (error ? error.message() : std::strerror(errno)) + "; give another --data");
  // A guardian that still clears up after a killed tutti holds the lock for a moment.
  const auto until = std::chrono::steady_clock::now() + 2s;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= until)
      refuse("a fleet runs over " + data.string() + " already; stop it (tutti ps shows it) or give another --data");
    ::poll(nullptr, 0, 50);
  }
}

bool runs_over(const fs::path& data) {
  const int fd = ::open(lock_of(data).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  // Shared, so that two who ask do not take each other for a fleet.
  const bool held = ::flock(fd, LOCK_SH | LOCK_NB) != 0;
  ::close(fd);
  return held;
}

std::string write_record(const fs::path& data, const std::vector<InstanceRecord>& record) {
  std::ostringstream out;
  for (const InstanceRecord& r : record)
    out << r.instance << '\t' << r.state << '\t' << r.pid << '\t' << r.restarts << '\t' << r.http << '\t' << r.admin
        << '\t' << r.amqp << '\n';
  return replace_whole(record_of(data), out.str());
}

std::vector<InstanceRecord> read_record(const fs::path& data) {
  std::vector<InstanceRecord> out;
  std::ifstream in(record_of(data));
  for (std::string line; std::getline(in, line);) {
    InstanceRecord r;
    std::istringstream fields(line);
    std::getline(fields, r.instance, '\t');
    std::getline(fields, r.state, '\t');
    fields >> r.pid >> r.restarts >> r.http >> r.admin >> r.amqp;
    out.push_back(std::move(r));
  }
  return out;
}

void remove_record(const fs::path& data) {
  std::error_code ignored;  // nobody reads it without the lock being held
  fs::remove(record_of(data), ignored);
}

}  // namespace tutti::fleet
