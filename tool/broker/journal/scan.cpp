#include "broker/journal/scan.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <stdexcept>
#include <utility>

namespace tutti::broker::journal {
namespace {

constexpr std::size_t piece_bytes = 1024 * 1024;

}  // namespace

Scan::Scan(world::Files& files, std::string path, std::uint64_t end) : path_(std::move(path)), limit_(end) {
  int error = 0;
  file_ = files.open(path_, world::Open::read, error);
  if (!file_) throw std::runtime_error("cannot open " + path_ + ": " + std::strerror(error));
  limit_ = std::min(limit_, file_->size());
}

bool Scan::next() {
  while (true) {
    const std::string_view rest = std::string_view(piece_).substr(used_);
    if (const std::size_t bytes = read(rest, record_); bytes > 0) {
      bytes_ = rest.substr(0, bytes);
      used_ += bytes;
      at_ += bytes;
      return true;
    }
    const std::size_t whole = record_bytes(rest);  // 0: not even its head is there
    if (whole > 0 && whole <= rest.size()) return false;
    if (whole > limit_ - at_ || !read_more()) return false;
  }
}

// Each time twice as much, while a record is longer than what there is.
bool Scan::read_more() {
  piece_.erase(0, std::exchange(used_, 0));
  const std::size_t before = piece_.size();
  const std::size_t wanted = std::min<std::uint64_t>(std::max(piece_bytes, before), limit_ - read_to_);
  piece_.resize(before + wanted);
  const world::FileResult got = file_->read(read_to_, std::as_writable_bytes(std::span(piece_).subspan(before)));
  if (got.error != 0) throw std::runtime_error("cannot read " + path_ + ": " + std::strerror(got.error));
  piece_.resize(before + got.bytes);
  read_to_ += got.bytes;
  return got.bytes > 0;
}

}  // namespace tutti::broker::journal
