#include "world/files.hpp"

#include <cerrno>

namespace tutti::world {
namespace {

// Leftovers of crashed writers that replace() steps over before it gives up with EEXIST.
constexpr int beside_names_max = 1000;

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Hidden, so that a directory that is read as settings ("one file per key") does not show it.
std::string beside(const std::string& path, int number) {
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(0, name) + "." + path.substr(name) + ".new-" + std::to_string(number);
}

int write_all(File& file, std::string_view content) {
  auto left = std::as_bytes(std::span(content));
  std::uint64_t offset = 0;
  while (!left.empty()) {
    const FileResult written = file.write(offset, left);
    if (written.error != 0) return written.error;
    if (written.bytes == 0) return EIO;  // no progress and no reason: never loop on it
    offset += written.bytes;
    left = left.subspan(written.bytes);
  }
  return 0;
}

}  // namespace

std::optional<std::string> Files::read_all(const std::string& path, std::size_t bytes_max, int& error) {
  error = 0;
  const auto file = open(path, Open::read, error);
  if (!file) return std::nullopt;
  const std::uint64_t expected = file->size();
  if (expected > bytes_max) {
    error = EFBIG;
    return std::nullopt;
  }
  std::string content;
  std::size_t filled = 0;
  // One byte more than expected shows the end in the first read; files that grow or lie about their size (/proc) go on.
  content.resize(static_cast<std::size_t>(expected) + 1);
  while (true) {
    const FileResult got = file->read(filled, std::as_writable_bytes(std::span(content)).subspan(filled));
    if (got.error != 0) {
      error = got.error;
      return std::nullopt;
    }
    filled += got.bytes;
    if (filled > bytes_max) {
      error = EFBIG;
      return std::nullopt;
    }
    if (got.bytes == 0) break;
    if (filled == content.size()) content.resize(content.size() * 2 + 4096);
  }
  content.resize(filled);
  return content;
}

OpenedFile Files::open_below(const std::string& folder, const std::string& name) {
  OpenedFile opened{.error = ENOENT};
  const std::string path = folder + '/' + name;
  const std::optional<FileStatus> found = status(path);
  if (!found || found->directory) return opened;
  opened.status = *found;
  opened.file = open(path, Open::read, opened.error);
  return opened;
}

int Files::replace(const std::string& path, std::string_view content) {
  int error = EEXIST;
  std::string made;
  std::unique_ptr<File> file;
  for (int number = 0; !file && error == EEXIST && number < beside_names_max; ++number) {
    made = beside(path, number);
    error = 0;
    file = open(made, Open::exclusive, error);
  }
  if (!file) return error;
  error = write_all(*file, content);
  if (error == 0) error = file->sync();
  file.reset();
  if (error == 0) error = rename(made, path);
  if (error != 0) {
    (void)remove(made);  // the first failure is what the caller must hear
    return error;
  }
  return sync_directory(directory_of(path));
}

}  // namespace tutti::world
