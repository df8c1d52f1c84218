#include "client/http_streams.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "client/deadline_scope.hpp"
#include "message/json_reader.hpp"
#include "message/json_writer.hpp"

namespace tutti::client {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

}  // namespace

void ChunkedSink::send(std::string_view bytes) {
  if (refused_) return;
  try {
    connection_->send(bytes);
  } catch (const Error& error) {
    if (error.code() != Code::unavailable) throw;
    refused_ = true;
  }
}

void ChunkedSink::write(const void* item, std::string_view) {
  if (element_.kind == detail::Kind::bytes) {
    const auto& bytes = *static_cast<const std::vector<std::byte>*>(item);
    std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (!rest.empty()) {
      const std::string_view piece = rest.substr(0, piece_bytes);
      rest.remove_prefix(piece.size());
      chunk_.clear();
      wire::http1::append_chunk(chunk_, piece);
      send(chunk_);
    }
    return;
  }
  line_.clear();
  if (const Violations violations = message::write_json(element_, item, line_); !violations.empty()) {
    throw Error(Code::invalid_argument, "an item of the stream breaks its contract: " + violations.to_string());
  }
  line_.append('\n');
  chunk_.clear();
  wire::http1::append_chunk(chunk_, line_.view());
  send(chunk_);
}

void ChunkedSink::finish() { send(wire::http1::last_chunk); }

bool AnswerSource::next(void* item) {
  const DeadlineScope scope(deadline_);
  if (element_.kind != detail::Kind::bytes) return next_line(item);
  const std::string_view piece = connection_->next_piece();
  auto& bytes = *static_cast<std::vector<std::byte>*>(item);
  bytes.resize(piece.size());
  if (!piece.empty()) std::memcpy(bytes.data(), piece.data(), piece.size());
  return !piece.empty();
}

bool AnswerSource::next_line(void* item) {
  for (;;) {
    const std::size_t end = read_.find('\n', at_);
    if (end != std::string::npos || (ended_ && at_ < read_.size())) {
      const std::size_t stop = std::min(end, read_.size());
      std::string_view line(read_.data() + at_, stop - at_);
      at_ = std::min(stop + 1, read_.size());
      ++lines_;
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      if (const Violations violations = message::read_json(element_, item, line); !violations.empty()) {
        throw Error(Code::internal,
                    "line " + std::to_string(lines_) + " of the stream breaks its contract: " + violations.to_string());
      }
      return true;
    }
    if (ended_) return false;
    read_.erase(0, at_);
    at_ = 0;
    if (read_.size() > stream_line_bytes_max) {
      throw Error(Code::resource_exhausted, "line " + std::to_string(lines_ + 1) + " of the stream is longer than " +
                                                std::to_string(stream_line_bytes_max) + " bytes");
    }
    const std::string_view piece = connection_->next_piece();
    read_.append(piece);
    ended_ = piece.empty();
  }
}

}  // namespace tutti::client
