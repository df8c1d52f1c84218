#include "broker/journal/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

namespace tutti::broker::journal {
namespace {

constexpr std::string_view prefix = "journal-";
constexpr std::size_t digits = 16;

std::optional<std::uint64_t> number_of(std::string_view name) {
  if (!name.starts_with(prefix) || name.size() != prefix.size() + digits) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number, 16);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::string whole(world::Files& files, const std::string& path) {
  int error = 0;
  const auto file = files.open(path, world::Open::read, error);
  if (!file) throw std::runtime_error("cannot open " + path + ": " + std::strerror(error));
  std::string text(file->size(), '\0');
  for (std::size_t at = 0; at < text.size();) {
    const world::FileResult got = file->read(at, std::as_writable_bytes(std::span(text).subspan(at)));
    if (got.error != 0) throw std::runtime_error("cannot read " + path + ": " + std::strerror(got.error));
    if (got.bytes == 0) text.resize(at);
    at += got.bytes;
  }
  return text;
}

// Nothing: its beginning never reached the disk, so it was not in use yet.
std::optional<FileBegin> beginning_of(std::string_view text) {
  Record first;
  if (read(text, first) == 0) return std::nullopt;
  const auto* begin = std::get_if<FileBegin>(&first);
  return begin != nullptr ? std::optional(*begin) : std::nullopt;
}

struct Found {
  std::uint64_t number;
  std::string path;
  FileBegin begin;
};

std::vector<Found> find_files(world::Files& files, const std::string& folder) {
  std::vector<Found> found;
  for (const std::uint64_t number : files_in(files, folder)) {
    std::string path = path_of(folder, number);
    int error = 0;
    const auto file = files.open(path, world::Open::read, error);
    if (!file) throw std::runtime_error("cannot open " + path + ": " + std::strerror(error));
    std::array<std::byte, 64> room{};
    const world::FileResult got = file->read(0, room);
    if (got.error != 0) throw std::runtime_error("cannot read " + path + ": " + std::strerror(got.error));
    const auto begin = beginning_of({reinterpret_cast<const char*>(room.data()), got.bytes});
    if (!begin) continue;
    if (begin->version != format_version)
      throw std::runtime_error(path + " has format " + std::to_string(begin->version) + "; this broker reads " +
                               std::to_string(format_version));
    found.push_back({number, std::move(path), *begin});
  }
  return found;
}

}  // namespace

std::string path_of(const std::string& folder, std::uint64_t file) {
  std::array<char, digits> text;
  text.fill('0');
  std::array<char, digits> number;
  const auto [end, error] = std::to_chars(number.data(), number.data() + number.size(), file, 16);
  (void)error;  // 64 bits fit
  std::copy(number.data(), end, text.end() - (end - number.data()));
  return folder + "/" + std::string(prefix) + std::string(text.data(), text.size());
}

std::vector<std::uint64_t> files_in(world::Files& files, const std::string& folder) {
  std::vector<std::uint64_t> out;
  for (const std::string& name : files.list(folder))
    if (const auto number = number_of(name)) out.push_back(*number);
  return out;
}

int Writing::write_all(world::File& file, std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const world::FileResult written = file.write(at, std::as_bytes(std::span(bytes)));
    if (written.error != 0) return written.error;
    if (written.bytes == 0) return ENOSPC;
    bytes.remove_prefix(written.bytes);
    at += written.bytes;
  }
  return 0;
}

int Writing::begin_file() {
  const std::uint64_t number = std::max(number_, next_) + 1;
  next_ = number;
  const std::string path = path_of(folder_, number);
  int error = 0;
  // One of that number may lie there from before, never begun.
  auto file = files_.open(path, world::Open::create, error);
  if (!file) return error;
  std::string begin;
  journal::append(begin, FileBegin{.number = number, .before = number_, .before_end = end_});
  error = file->truncate(0);
  if (error == 0) error = write_all(*file, begin, 0);
  if (error == 0) error = file->sync();
  if (error == 0) error = files_.sync_directory(folder_);
  if (error != 0) {
    file.reset();
    (void)files_.remove(path);  // if that fails too it is passed over, as the next one does not name it
    return error;
  }
  file_ = std::move(file);
  number_ = number;
  end_ = begin.size();
  return 0;
}

int Writing::append(std::string_view bytes) {
  int error = write_all(*file_, bytes, end_);
  if (error == 0) error = file_->sync();
  if (error == 0) end_ += bytes.size();
  return error;
}

Walked walk(world::Files& files, const std::string& folder,
            const std::function<void(std::uint64_t file, const Record& record)>& take) {
  // Those that count are linked by their beginnings, from the last one back.
  const std::vector<Found> found = find_files(files, folder);
  std::vector<Found> chain;
  for (auto at = found.rbegin(); at != found.rend(); ++at)
    if (chain.empty() || chain.back().begin.before == at->number) chain.push_back(*at);
  std::reverse(chain.begin(), chain.end());
  // Files are removed from the oldest on: what is older than the first one and still there had one behind it.
  if (!chain.empty() && found.front().number < chain.front().number)
    throw std::runtime_error(path_of(folder, chain.front().begin.before) + " is missing; the journal is damaged");
  Walked walked;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const Found& file = chain[i];
    const bool last = i + 1 == chain.size();
    std::string text = whole(files, file.path);
    if (!last) {
      if (text.size() < chain[i + 1].begin.before_end)
        throw std::runtime_error(file.path + " is shorter than the journal says; it is damaged");
      text.resize(chain[i + 1].begin.before_end);
    }
    std::size_t at = 0;
    Record record;
    while (const std::size_t bytes = read(std::string_view(text).substr(at), record)) {
      take(file.number, record);
      at += bytes;
    }
    if (!last && at < text.size()) throw std::runtime_error(file.path + " is damaged at byte " + std::to_string(at));
    walked = {.last = file.number, .last_end = at};
  }
  return walked;
}

}  // namespace tutti::broker::journal
