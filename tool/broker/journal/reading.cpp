#include "broker/journal/reading.hpp"

#include <algorithm>
#include <span>

#include "broker/journal/files.hpp"

namespace tutti::broker::journal {
namespace {

constexpr std::size_t block_bytes = 256 * 1024;
constexpr std::size_t near_bytes = 64 * 1024;  // a read so little behind the block reads on
constexpr std::size_t opened_max = 4;

}  // namespace

world::File* Reading::opened(std::uint64_t file, int& error) {
  const auto known =
      std::find_if(opened_.begin(), opened_.end(), [&](const Opened& one) { return one.number == file; });
  if (known != opened_.end()) {
    opened_.splice(opened_.begin(), opened_, known);
    return opened_.front().file.get();
  }
  auto made = files_.open(path_of(folder_, file), world::Open::read, error);
  if (!made) return nullptr;
  opened_.push_front({file, std::move(made)});
  if (opened_.size() > opened_max) opened_.pop_back();
  return opened_.front().file.get();
}

std::string_view Reading::read(std::uint64_t file, std::uint64_t offset, std::size_t bytes, int& error) {
  error = 0;
  const std::uint64_t block_end = block_at_ + block_.size();
  const bool in_block = file == block_file_ && offset >= block_at_;
  if (in_block && offset + bytes <= block_end) return std::string_view(block_).substr(offset - block_at_, bytes);
  const bool reads_on = in_block && offset <= block_end + near_bytes;
  world::File* const from = opened(file, error);
  if (from == nullptr) return {};
  block_file_ = file;
  block_at_ = offset;
  block_.resize(reads_on ? std::max(bytes, block_bytes) : bytes);
  std::size_t have = 0;
  while (have < bytes) {
    const auto room = std::as_writable_bytes(std::span(block_).subspan(have));
    const world::FileResult got = from->read(offset + have, room);
    error = got.error;
    if (got.error != 0 || got.bytes == 0) break;
    have += got.bytes;
  }
  block_.resize(have);
  if (block_.capacity() > 2 * block_bytes && have < block_bytes) block_.shrink_to_fit();
  return std::string_view(block_).substr(0, bytes);
}

void Reading::forget() {
  block_file_ = 0;
  block_.clear();
}

void Reading::close(std::uint64_t before) {
  std::erase_if(opened_, [&](const Opened& one) { return one.number < before; });
}

}  // namespace tutti::broker::journal
