// The files of a world. Everything durable goes through here, so that the simulated world can lose what was
// not synced, tear a write, fail it, and fill the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/time.hpp>

namespace tutti::world {

// errno values are the vocabulary of failure: ENOENT, ENOSPC, EIO, EACCES, ... 0 is success.
struct [[nodiscard]] FileResult {
  std::size_t bytes = 0;  // read or written; a short count is no error by itself
  int error = 0;
};

// An open file. Not thread-safe, but may be used from any one thread at a time.
class File {
 public:
  virtual ~File() = default;  // closes; unsynced data stays in the operating system's hands
  [[nodiscard]] virtual FileResult read(std::uint64_t offset, std::span<std::byte> into) = 0;  // 0 bytes: end of file
  [[nodiscard]] virtual FileResult write(std::uint64_t offset, std::span<const std::byte> from) = 0;
  [[nodiscard]] virtual int truncate(std::uint64_t size) = 0;
  [[nodiscard]] virtual int sync() = 0;  // fdatasync: data and what is needed to find it again
  [[nodiscard]] virtual std::uint64_t size() = 0;
  // An exclusive advisory lock on the whole file, without waiting: false if another open file holds it. Released by close.
  [[nodiscard]] virtual bool try_lock() = 0;
};

enum class Open : std::uint8_t {
  read,       // must exist
  modify,     // read and write; must exist
  create,     // read and write; made if missing
  exclusive,  // read and write; must not exist
};

struct FileStatus {
  std::uint64_t size = 0;
  Time modified;
  std::uint64_t identity = 0;  // another number when the path leads to another file (a mounted secret replaced by rename)
  bool directory = false;
  std::uint32_t mode = 0;      // permission bits
};

struct OpenedFile {
  std::unique_ptr<File> file = nullptr;  // null: it could not be opened
  FileStatus status = {};
  int error = 0;  // errno
};

class Files {
 public:
  virtual ~Files() = default;
  // Null and `error` set (errno) if it cannot be opened.
  [[nodiscard]] virtual std::unique_ptr<File> open(const std::string& path, Open how, int& error) = 0;
  [[nodiscard]] virtual std::optional<FileStatus> status(const std::string& path) = 0;  // follows links; nothing if missing
  [[nodiscard]] virtual int rename(const std::string& from, const std::string& to) = 0;  // replaces atomically
  [[nodiscard]] virtual int remove(const std::string& path) = 0;                         // a file or an empty directory
  [[nodiscard]] virtual int make_directories(const std::string& path) = 0;               // like mkdir -p
  [[nodiscard]] virtual int sync_directory(const std::string& path) = 0;                 // makes renames and creations durable
  [[nodiscard]] virtual std::vector<std::string> list(const std::string& directory) = 0;  // names, sorted; empty if missing

  // The regular file `name` below `folder`, for reading: a symbolic link that leads out of the folder is an error, EXDEV. Here for
  // worlds without links.
  [[nodiscard]] virtual OpenedFile open_below(const std::string& folder, const std::string& name);

  // The whole file, if it is at most `bytes_max` long; otherwise nothing and `error` is set (EFBIG if too long).
  [[nodiscard]] std::optional<std::string> read_all(const std::string& path, std::size_t bytes_max, int& error);
  // Writes beside, syncs, renames over, syncs the directory: readers see the old or the new content, never half.
  [[nodiscard]] int replace(const std::string& path, std::string_view content);
};

}  // namespace tutti::world
