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

#include "broker/journal/scan.hpp"
#include "wire/amqp/primitives.hpp"

namespace tutti::broker::journal {
namespace {

constexpr std::string_view prefix = "journal-";
constexpr std::size_t digits = 16;

std::optional<std::uint64_t> number_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() != prefix.size() + digits) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number, 16);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// Nothing: its beginning never reached the disk, so it was not in use yet.
std::optional<FileBegin> beginning_of(std::string_view text) {
  Record first;
  if (read(text, first) == 0) return std::nullopt;
  const auto* begin = std::get_if<FileBegin>(&first);
  return begin != nullptr ? std::optional(*begin) : std::nullopt;
}

// Format 1 had another sum over its records: to this broker its files look as if they had never been begun.
bool is_format_1(std::string_view text) noexcept {
  constexpr std::size_t version_place = record_head_bytes;
  return text.size() > version_place + sizeof(std::uint32_t) && text[record_head_bytes - 1] == 0 &&
         wire::amqp::load<std::uint32_t>(text.data() + version_place) == 1;
}

[[noreturn]] void refuse_format(const std::string& path, std::uint32_t version) {
  throw std::runtime_error(path + " has format " + std::to_string(version) + "; this broker reads " +
                           std::to_string(format_version));
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
    const std::string_view text(reinterpret_cast<const char*>(room.data()), got.bytes);
    const auto begin = beginning_of(text);
    if (!begin && is_format_1(text)) refuse_format(path, 1);
    if (!begin) continue;
    if (begin->version != format_version) refuse_format(path, begin->version);
    found.push_back({number, std::move(path), *begin});
  }
  return found;
}

}  // namespace

std::string path_of(const std::string& folder, std::uint64_t file) { return path_of(folder, prefix, file); }

std::string path_of(const std::string& folder, std::string_view prefix, std::uint64_t file) {
  std::array<char, digits> text;
  text.fill('0');
  std::array<char, digits> number;
  const auto [end, error] = std::to_chars(number.data(), number.data() + number.size(), file, 16);
  (void)error;  // 64 bits fit
  std::copy(number.data(), end, text.end() - (end - number.data()));
  return folder + "/" + std::string(prefix) + std::string(text.data(), text.size());
}

std::vector<std::uint64_t> files_in(world::Files& files, const std::string& folder) {
  return files_in(files, folder, prefix);
}

std::vector<std::uint64_t> files_in(world::Files& files, const std::string& folder, std::string_view prefix) {
  std::vector<std::uint64_t> out;
  for (const std::string& name : files.list(folder))
    if (const auto number = number_of(name, prefix)) out.push_back(*number);
  return out;
}

int write_all(world::File& file, std::string_view bytes, std::uint64_t at) {
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
  if (error == 0) {
    end_ += bytes.size();
  } else {
    (void)file_->truncate(end_);  // gives the room back; what is behind the end never counts
  }
  return error;
}

namespace {

// How much of it there was. `end`: how much counts; nothing: as far as it goes.
std::uint64_t take_file(world::Files& files, const Found& file, std::optional<std::uint64_t> end, const Take& take) {
  Scan scan(files, file.path, end.value_or(UINT64_MAX));
  while (scan.next()) {
    const RecordPlace place{.file = file.number, .offset = scan.offset(), .bytes = scan.bytes().size()};
    if (const auto* message = std::get_if<Published>(&scan.record())) {
      take(place, placed_of(*message, place.offset, place.bytes));
    } else {
      take(place, scan.record());
    }
  }
  if (end && scan.end() < *end)
    throw std::runtime_error(file.path + " is damaged at byte " + std::to_string(scan.end()));
  return scan.end();
}

// Those that count are linked by their beginnings, from the last one back.
std::vector<Found> chain_of(const std::string& folder, const std::vector<Found>& found) {
  std::vector<Found> chain;
  for (auto at = found.rbegin(); at != found.rend(); ++at)
    if (chain.empty() || chain.back().begin.before == at->number) chain.push_back(*at);
  std::reverse(chain.begin(), chain.end());
  // Files are removed from the oldest on: what is older than the first one and still there had one behind it.
  if (!chain.empty() && found.front().number < chain.front().number)
    throw std::runtime_error(path_of(folder, chain.front().begin.before) + " is missing; the journal is damaged");
  return chain;
}

}  // namespace

Walked walk(world::Files& files, const std::string& folder, const Take& take) {
  const std::vector<Found> chain = chain_of(folder, find_files(files, folder));
  Walked walked;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const Found& file = chain[i];
    if (i + 1 == chain.size()) {
      walked.last = file.number;
      walked.last_end = take_file(files, file, std::nullopt, take);
      walked.files.push_back({file.number, walked.last_end});
      break;
    }
    const std::uint64_t end = chain[i + 1].begin.before_end;
    if (const auto status = files.status(file.path); !status || status->size < end)
      throw std::runtime_error(file.path + " is shorter than the journal says; it is damaged");
    walked.files.push_back({file.number, end});
    if (has_contents(files, folder, file.number, end)) {
      take_contents(files, folder, file.number, take);
    } else {
      (void)take_file(files, file, end, take);
      walked.unlisted.push_back(walked.files.back());
    }
  }
  return walked;
}

}  // namespace tutti::broker::journal
