#include "engines/process/runtime_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "fleet/refusal.hpp"

namespace tutti::engines {
namespace {

namespace fs = std::filesystem;

fs::path parent_folder(std::size_t name_bytes) {
  constexpr std::size_t own_name_bytes = std::string_view("/tutti-4294967295-XXXXXX/").size();
  const char* given = std::getenv("XDG_RUNTIME_DIR");
  if (given == nullptr || *given != '/' || ::access(given, W_OK | X_OK) != 0) return "/tmp";
  return std::strlen(given) + own_name_bytes + name_bytes < sizeof(sockaddr_un::sun_path) ? given : "/tmp";
}

// What a killed tutti and its killed guardian left: its lock is free. A folder gets its lock's final name only once the
// lock is held, so one that is being made is not mistaken.
void sweep(const fs::path& parent, const std::string& prefix) {
  std::error_code error;  // what cannot be removed now will be tried by the next run
  for (fs::directory_iterator at(parent, error), end; !error && at != end; at.increment(error)) {
    if (!at->path().filename().string().starts_with(prefix)) continue;
    const int fd = ::open((at->path() / "lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) continue;
    struct stat about {};
    std::error_code ignored;
    if (::fstat(fd, &about) == 0 && about.st_uid == ::getuid() && ::flock(fd, LOCK_EX | LOCK_NB) == 0)
      fs::remove_all(at->path(), ignored);
    ::close(fd);
  }
}

}  // namespace

fs::path make_runtime_folder(std::size_t name_bytes) {
  const fs::path parent = parent_folder(name_bytes);
  const std::string prefix = "tutti-" + std::to_string(::getuid()) + "-";
  sweep(parent, prefix);
  std::string name = (parent / (prefix + "XXXXXX")).string();
  const auto refuse = [&] {
    throw fleet::Refusal(fleet::exit_code::failed,
                         "no folder can be made in " + parent.string() + ": " + std::strerror(errno));
  };
  if (::mkdtemp(name.data()) == nullptr) refuse();
  const fs::path folder = name;
  const int lock = ::open((folder / "lock.new").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || ::flock(lock, LOCK_EX) != 0 ||
      ::rename((folder / "lock.new").c_str(), (folder / "lock").c_str()) != 0)
    refuse();
  return folder;
}

}  // namespace tutti::engines
