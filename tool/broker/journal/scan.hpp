// Reads the records of one file from its beginning on, a piece of the file at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "broker/journal/record.hpp"
#include "world/files.hpp"

namespace tutti::broker::journal {

class Scan {
 public:
  // Up to `end`, at most. Throws std::runtime_error if the file cannot be opened.
  Scan(world::Files& files, std::string path, std::uint64_t end);

  // False: there is no further whole record. Texts of the record live until the next call. Throws std::runtime_error
  // if the file cannot be read.
  [[nodiscard]] bool next();
  [[nodiscard]] const Record& record() const noexcept { return record_; }
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }  // of the record, as they lie there
  [[nodiscard]] std::uint64_t offset() const noexcept { return at_ - bytes_.size(); }  // where they begin
  [[nodiscard]] std::uint64_t end() const noexcept { return at_; }                     // and end

 private:
  [[nodiscard]] bool read_more();

  std::string path_;
  std::unique_ptr<world::File> file_;
  std::uint64_t limit_;
  std::string piece_;
  std::size_t used_ = 0;       // of the piece
  std::uint64_t at_ = 0;       // in the file: what was given out
  std::uint64_t read_to_ = 0;  // in the file
  Record record_;
  std::string_view bytes_;
};

}  // namespace tutti::broker::journal
