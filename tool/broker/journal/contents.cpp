#include "broker/journal/contents.hpp"

#include <cerrno>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "broker/journal/files.hpp"
#include "broker/journal/scan.hpp"
#include "broker/model/handling.hpp"
#include "wire/amqp/content.hpp"

namespace tutti::broker::journal {
namespace {

constexpr std::string_view prefix = "contents-";
constexpr std::size_t written_at_once = 256 * 1024;

class ContentsFile {
 public:
  explicit ContentsFile(std::unique_ptr<world::File> file) : file_(std::move(file)) {}

  [[nodiscard]] int flush() {
    int error = write_all(*file_, waiting_, at_);
    at_ += waiting_.size();
    waiting_.clear();
    return error;
  }
  [[nodiscard]] int sync() { return file_->sync(); }
  [[nodiscard]] std::string& waiting() noexcept { return waiting_; }

 private:
  std::unique_ptr<world::File> file_;
  std::string waiting_;
  std::uint64_t at_ = 0;
};

int fill(ContentsFile& out, Scan& journal) {
  std::uint64_t records = 0;
  while (journal.next()) {
    ++records;
    if (const auto* message = std::get_if<Published>(&journal.record())) {
      append(out.waiting(), placed_of(*message, journal.offset(), journal.bytes().size()));
    } else {
      out.waiting() += journal.bytes();
    }
    if (out.waiting().size() < written_at_once) continue;
    if (const int error = out.flush(); error != 0) return error;
  }
  append(out.waiting(), ContentsEnd{.records = records});
  return out.flush();
}

}  // namespace

std::string contents_path(const std::string& folder, std::uint64_t file) { return path_of(folder, prefix, file); }

std::vector<std::uint64_t> contents_in(world::Files& files, const std::string& folder) {
  return files_in(files, folder, prefix);
}

Placed placed_of(const Published& record, std::uint64_t offset, std::size_t bytes) {
  const Handling handling = handling_of(wire::amqp::parse_properties(record.properties).properties);
  Placed placed{.number = record.number,
                .at = record.at,
                .queues = record.queues,
                .offset = offset,
                .bytes = bytes,
                .body_bytes = record.body.size(),
                .priority = handling.priority};
  if (handling.expiration) {
    placed.expires = true;
    placed.expiration_ms = static_cast<std::uint64_t>(handling.expiration->count());
  }
  return placed;
}

int write_contents(world::Files& files, const std::string& folder, std::uint64_t file, std::uint64_t end) {
  const std::string path = contents_path(folder, file);
  int error = 0;
  auto opened = files.open(path, world::Open::create, error);
  if (!opened) return error;
  if (error = opened->truncate(0); error != 0) return error;
  ContentsFile out(std::move(opened));
  append(out.waiting(), ContentsBegin{.file = file, .end = end});
  try {
    Scan journal(files, path_of(folder, file), end);
    error = fill(out, journal);
    if (error == 0 && journal.end() != end) error = EIO;
  } catch (const std::runtime_error&) {
    error = EIO;
  }
  if (error == 0) error = out.sync();
  if (error != 0) (void)files.remove(path);  // one that stays is seen to be cut off
  return error;
}

bool has_contents(world::Files& files, const std::string& folder, std::uint64_t file, std::uint64_t end) {
  if (!files.status(contents_path(folder, file))) return false;
  Scan scan(files, contents_path(folder, file), UINT64_MAX);
  if (!scan.next()) return false;
  const auto* begin = std::get_if<ContentsBegin>(&scan.record());
  if (begin == nullptr || begin->file != file || begin->end != end) return false;
  for (std::uint64_t records = 0; scan.next(); ++records)
    if (const auto* last = std::get_if<ContentsEnd>(&scan.record())) return last->records == records;
  return false;
}

void take_contents(world::Files& files, const std::string& folder, std::uint64_t file, const Take& take) {
  Scan scan(files, contents_path(folder, file), UINT64_MAX);
  while (scan.next()) {
    const auto* placed = std::get_if<Placed>(&scan.record());
    take(placed != nullptr ? RecordPlace{.file = file, .offset = placed->offset, .bytes = placed->bytes}
                           : RecordPlace{.file = file},
         scan.record());
  }
}

}  // namespace tutti::broker::journal
