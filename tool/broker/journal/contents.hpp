// Contents files: contents-<number> says what is in journal-<number> without the messages' contents, so that a start
// reads tens of bytes for each message of a backlog and not all of it. One is written some time after its journal file
// is complete. It is a help and no more: if it is missing or cut off, the journal file itself is read.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "broker/journal/record.hpp"
#include "world/files.hpp"

namespace tutti::broker::journal {

// Where a record lies in its journal file.
struct RecordPlace {
  std::uint64_t file = 0;
  std::uint64_t offset = 0;
  std::size_t bytes = 0;
};
// Published comes as Placed.
using Take = std::function<void(const RecordPlace& place, const Record& record)>;

[[nodiscard]] std::string contents_path(const std::string& folder, std::uint64_t file);
// The journal files that have one, in order.
[[nodiscard]] std::vector<std::uint64_t> contents_in(world::Files& files, const std::string& folder);
// Of the complete journal file, `end` of whose bytes count; errno.
[[nodiscard]] int write_contents(world::Files& files, const std::string& folder, std::uint64_t file, std::uint64_t end);
// Whether there is a whole one for just that.
[[nodiscard]] bool has_contents(world::Files& files, const std::string& folder, std::uint64_t file, std::uint64_t end);
void take_contents(world::Files& files, const std::string& folder, std::uint64_t file, const Take& take);

// A publish record as it is in a contents file. Throws Refusal for properties that no broker wrote.
[[nodiscard]] Placed placed_of(const Published& record, std::uint64_t offset, std::size_t bytes);

}  // namespace tutti::broker::journal
