// Files of the operating system, by pread and pwrite. Each call is one system call, repeated only when a signal
// interrupts it.
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "world/real.hpp"

namespace tutti::world {
namespace {

constexpr mode_t mode_of_new_files = 0644;        // less the umask
constexpr mode_t mode_of_new_directories = 0777;  // less the umask

template <class Call>
auto uninterrupted(Call call) {
  while (true) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

int flags_of(Open how) {
  switch (how) {
    case Open::read:
      return O_RDONLY;
    case Open::modify:
      return O_RDWR;
    case Open::create:
      return O_RDWR | O_CREAT;
    case Open::exclusive:
      break;
  }
  return O_RDWR | O_CREAT | O_EXCL;
}

// Inode numbers are used again soon after a file is removed; together with the time of birth they are not.
std::uint64_t identity_of(const struct statx& status) {
  std::uint64_t mixed = 0xcbf29ce484222325;
  for (const std::uint64_t part :
       {static_cast<std::uint64_t>(status.stx_dev_major), static_cast<std::uint64_t>(status.stx_dev_minor),
        static_cast<std::uint64_t>(status.stx_ino), static_cast<std::uint64_t>(status.stx_btime.tv_sec),
        static_cast<std::uint64_t>(status.stx_btime.tv_nsec)}) {
    mixed = (mixed ^ part) * 0x9e3779b97f4a7c15;
    mixed ^= mixed >> 29;
  }
  return mixed;
}

FileStatus status_of(const struct statx& found) {
  const auto modified = std::chrono::seconds(found.stx_mtime.tv_sec) + std::chrono::nanoseconds(found.stx_mtime.tv_nsec);
  return FileStatus{.size = found.stx_size,
                    .modified = Time{modified},
                    .identity = identity_of(found),
                    .directory = S_ISDIR(found.stx_mode),
                    .mode = found.stx_mode & 07777u};
}

// Without waiting for a writer, as opening a FIFO would.
constexpr int flags_below = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

// Where the kernel has no openat2 (before 5.6) or a sandbox refuses it: each segment is opened by itself and may be no link.
int open_without_links(int folder, const std::string& name) {
  int at = folder;
  for (std::size_t begin = 0;;) {
    const std::size_t slash = name.find('/', begin);
    const std::string segment = name.substr(begin, slash - begin);
    if (segment.empty() || segment == "..") {
      if (at != folder) ::close(at);
      errno = EXDEV;
      return -1;
    }
    const bool last = slash == std::string::npos;
    const int flags = last ? flags_below : O_PATH | O_DIRECTORY | O_CLOEXEC;
    const int next = uninterrupted([&] { return ::openat(at, segment.c_str(), flags | O_NOFOLLOW); });
    const int error = errno;
    if (at != folder) ::close(at);
    errno = error;
    if (next < 0 || last) return next;
    at = next;
    begin = slash + 1;
  }
}

// openat2(2): the kernel holds each step against the folder, so that nobody can put a link there in between.
int open_below_folder(int folder, const std::string& name) {
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags_below);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const auto descriptor = uninterrupted([&] { return ::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how); });
  if (descriptor < 0 && (errno == ENOSYS || errno == EPERM)) return open_without_links(folder, name);
  return static_cast<int>(descriptor);
}

class RealFile final : public File {
 public:
  explicit RealFile(int descriptor) : descriptor_(descriptor) {}
  ~RealFile() override { ::close(descriptor_); }
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;

  FileResult read(std::uint64_t offset, std::span<std::byte> into) override {
    return result_of(
        uninterrupted([&] { return ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset)); }));
  }
  FileResult write(std::uint64_t offset, std::span<const std::byte> from) override {
    return result_of(
        uninterrupted([&] { return ::pwrite(descriptor_, from.data(), from.size(), static_cast<off_t>(offset)); }));
  }
  int truncate(std::uint64_t size) override {
    return error_of(uninterrupted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size)); }));
  }
  int sync() override {
    return error_of(uninterrupted([&] { return ::fdatasync(descriptor_); }));
  }
  std::uint64_t size() override {
    struct stat status {};
    return ::fstat(descriptor_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  }
  bool try_lock() override {
    return uninterrupted([&] { return ::flock(descriptor_, LOCK_EX | LOCK_NB); }) == 0;
  }

 private:
  static FileResult result_of(ssize_t moved) {
    return moved < 0 ? FileResult{0, errno} : FileResult{static_cast<std::size_t>(moved), 0};
  }
  static int error_of(int result) { return result == 0 ? 0 : errno; }

  int descriptor_;
};

class RealFiles final : public Files {
 public:
  std::unique_ptr<File> open(const std::string& path, Open how, int& error) override {
    const int descriptor =
        uninterrupted([&] { return ::open(path.c_str(), flags_of(how) | O_CLOEXEC, mode_of_new_files); });
    error = descriptor < 0 ? errno : 0;
    return descriptor < 0 ? nullptr : std::make_unique<RealFile>(descriptor);
  }

  std::optional<FileStatus> status(const std::string& path) override {
    struct statx found {};
    if (::statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS | STATX_BTIME, &found) != 0) return std::nullopt;
    return status_of(found);
  }

  OpenedFile open_below(const std::string& folder, const std::string& name) override {
    OpenedFile opened;
    const int at = uninterrupted([&] { return ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); });
    const int descriptor = at < 0 ? -1 : open_below_folder(at, name);
    opened.error = descriptor < 0 ? errno : 0;
    if (at >= 0) ::close(at);
    if (descriptor < 0) return opened;
    auto file = std::make_unique<RealFile>(descriptor);
    struct statx found {};
    if (::statx(descriptor, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &found) != 0 || !S_ISREG(found.stx_mode)) {
      opened.error = ENOENT;
      return opened;
    }
    opened.status = status_of(found);
    opened.file = std::move(file);
    return opened;
  }

  int rename(const std::string& from, const std::string& to) override {
    return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  }

  int remove(const std::string& path) override { return std::remove(path.c_str()) == 0 ? 0 : errno; }

  int make_directories(const std::string& path) override {
    // Each prefix that ends before a slash, then the whole path.
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      const std::string prefix = path.substr(0, end);
      if (::mkdir(prefix.c_str(), mode_of_new_directories) != 0) {
        const int error = errno;
        const auto found = status(prefix);
        if (!found) return error;
        if (!found->directory) return ENOTDIR;
      }
      if (end == std::string::npos) return 0;
    }
  }

  int sync_directory(const std::string& path) override {
    const int descriptor = uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0) return errno;
    const int error = uninterrupted([&] { return ::fsync(descriptor); }) == 0 ? 0 : errno;
    ::close(descriptor);
    return error;
  }

  std::vector<std::string> list(const std::string& directory) override {
    std::vector<std::string> names;
    DIR* stream = ::opendir(directory.c_str());
    if (stream == nullptr) return names;
    while (const dirent* entry = ::readdir(stream)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
  }
};

}  // namespace

std::unique_ptr<Files> real_files() { return std::make_unique<RealFiles>(); }

}  // namespace tutti::world
