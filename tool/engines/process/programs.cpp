#include "engines/process/programs.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "fleet/refusal.hpp"

namespace tutti::engines {
namespace {

namespace fs = std::filesystem;

std::string search_path(const fleet::DesiredService& service) {
  if (const auto own = service.environment.find("PATH"); own != service.environment.end()) return own->second;
  const char* ours = std::getenv("PATH");
  return ours == nullptr ? "/usr/bin:/bin" : ours;
}

std::vector<fs::path> candidates(const fleet::DesiredService& service, const std::string& wanted,
                                 const fs::path& beside) {
  if (wanted.find('/') != std::string::npos) return {service.working_dir / wanted};
  std::vector<fs::path> out;
  if (!service.binary.empty()) out.push_back(beside / wanted);
  const std::string path = search_path(service);
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t end = std::min(path.find(':', from), path.size());
    if (end > from) out.push_back(fs::path(path.substr(from, end - from)) / wanted);
    from = end + 1;
  }
  return out;
}

bool can_be_run(const fs::path& file) {
  std::error_code error;  // a folder that may not be read counts as empty
  return fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0;
}

}  // namespace

fs::path program_of(const fleet::DesiredService& service, const fs::path& beside) {
  const std::string wanted = service.binary.empty() ? service.command.front() : service.binary;
  const std::vector<fs::path> tried = candidates(service, wanted, beside);
  if (const auto found = std::find_if(tried.begin(), tried.end(), can_be_run); found != tried.end()) return *found;
  std::string where;
  bool exists = false;
  for (const fs::path& file : tried) {
    std::error_code error;
    const bool here = fs::exists(file, error);
    exists |= here;
    where += "\n  " + file.string() + (here ? " (cannot be executed)" : "");
  }
  throw fleet::Refusal(fleet::exit_code::settings, service.program_place + ": service \"" + service.name +
                                                       "\": the program \"" + wanted + "\" " +
                                                       (exists ? "is no program" : "is not there") +
                                                       "; build it or correct the fleet file; looked at" + where);
}

}  // namespace tutti::engines
