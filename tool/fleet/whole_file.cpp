#include "fleet/whole_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fleet/refusal.hpp"

namespace tutti::fleet {

std::string whole_text(const std::filesystem::path& file, const std::string& place) {
  const auto refuse = [&](const std::string& why) {
    throw Refusal(exit_code::settings, (place.empty() ? "" : place + ": ") + file.string() + " cannot be read: " + why);
  };
  // Through read(), so that /dev/stdin and <(...) work and errno says why not.
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) refuse(std::strerror(errno));
  std::string out;
  char buffer[16384];
  ssize_t n = 0;
  while (out.size() <= file_bytes_max && ((n = ::read(fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR)))
    if (n > 0) out.append(buffer, static_cast<std::size_t>(n));
  const int error = n < 0 ? errno : 0;
  ::close(fd);
  if (error != 0) refuse(std::strerror(error));
  if (out.size() > file_bytes_max) refuse("it is larger than 1 MiB");
  return out;
}

std::string replace_whole(const std::filesystem::path& file, std::string_view text) {
  const std::string fresh = file.string() + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const auto failed = [&] {
    const std::string why = file.string() + ": " + std::strerror(errno);
    ::unlink(fresh.c_str());
    return why;
  };
  if (fd < 0) return failed();
  bool good = true;
  while (good && !text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    good = n >= 0;
    if (good) text.remove_prefix(static_cast<std::size_t>(n));
  }
  const int error = errno;
  ::close(fd);
  errno = error;
  return good && ::rename(fresh.c_str(), file.c_str()) == 0 ? std::string() : failed();
}

}  // namespace tutti::fleet
