// Reads records back that were written long ago. Messages of a backlog mostly lie one behind the other: whoever reads
// on where the last read ended gets a block at once, and most reads are then none. Blocks the thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "world/files.hpp"

namespace tutti::broker::journal {

class Reading {
 public:
  Reading(world::Files& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

  // Of that journal file; the view lives until the next call. Shorter if the file is: `error` is 0 then.
  [[nodiscard]] std::string_view read(std::uint64_t file, std::uint64_t offset, std::size_t bytes, int& error);
  void forget();                     // the block that was read: the file may have grown since
  void close(std::uint64_t before);  // files of smaller numbers, they are to be removed

 private:
  struct Opened {
    std::uint64_t number;
    std::unique_ptr<world::File> file;
  };
  [[nodiscard]] world::File* opened(std::uint64_t file, int& error);

  world::Files& files_;
  std::string folder_;
  std::list<Opened> opened_;  // the last used first
  std::uint64_t block_file_ = 0;
  std::uint64_t block_at_ = 0;
  std::string block_;
};

}  // namespace tutti::broker::journal
