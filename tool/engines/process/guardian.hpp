// A second process that outlives a kill -9 of tutti for a moment: when the pipe from tutti closes, it kills every
// process group that is still noted and removes the runtime folder. The kernel's parent-death signal reaches children
// only, not what they started.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <set>

namespace tutti::engines {

class Guardian {
 public:
  // Throws Refusal. `groups` are watched from the first moment on.
  explicit Guardian(const std::filesystem::path& runtime_folder, std::set<pid_t> groups = {});
  ~Guardian();  // the guardian ends with its work done; waits for it
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  void watch(pid_t group);
  void forget(pid_t group);
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  int pipe_ = -1;
  pid_t pid_ = -1;
};

}  // namespace tutti::engines
