// The files of the journal: journal-<number of 16 hex digits>, written one after the other and never changed behind
// what counts. Each begins by saying how much of the one before counts, so a torn or failed end is never read again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/journal/contents.hpp"
#include "broker/journal/record.hpp"
#include "world/files.hpp"

namespace tutti::broker::journal {

[[nodiscard]] std::string path_of(const std::string& folder, std::uint64_t file);
[[nodiscard]] std::string path_of(const std::string& folder, std::string_view prefix, std::uint64_t file);
// All of it; errno.
[[nodiscard]] int write_all(world::File& file, std::string_view bytes, std::uint64_t at);
// The numbers of the files that are there, in order.
[[nodiscard]] std::vector<std::uint64_t> files_in(world::Files& files, const std::string& folder);
[[nodiscard]] std::vector<std::uint64_t> files_in(world::Files& files, const std::string& folder,
                                                  std::string_view prefix);

// A file that nothing is written to any more.
struct CompleteFile {
  std::uint64_t number = 0;
  std::uint64_t end = 0;  // how much of it counts
};

// The file that is being written. Used by one thread at a time; all of it blocks.
class Writing {
 public:
  Writing(world::Files& files, std::string folder, std::uint64_t last, std::uint64_t last_end)
      : files_(files), folder_(std::move(folder)), number_(last), end_(last_end) {}

  // A new file behind the one so far; errno.
  [[nodiscard]] int begin_file();
  // Appends and syncs; errno, and then nothing more may be written to this file: what of it is on disk is not known.
  [[nodiscard]] int append(std::string_view bytes);
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

 private:
  world::Files& files_;
  std::string folder_;
  std::unique_ptr<world::File> file_;  // null: none of this run yet
  std::uint64_t number_;               // of the last file that counts
  std::uint64_t end_;                  // how much of it does
  std::uint64_t next_ = 0;             // the highest number that was tried
};

// What a walk over all records found at the end: where writing goes on.
struct Walked {
  std::uint64_t last = 0;  // 0: there is no file
  std::uint64_t last_end = 0;
  std::vector<CompleteFile> files = {};     // all that count, the last one too
  std::vector<CompleteFile> unlisted = {};  // those complete without contents, oldest first
};
// Takes each record that counts, in order; of complete files with contents those. Throws std::runtime_error that names
// file and place for damage: a bad record anywhere but at the end of the last file, a file that is missing.
[[nodiscard]] Walked walk(world::Files& files, const std::string& folder, const Take& take);

}  // namespace tutti::broker::journal
