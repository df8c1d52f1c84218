// Reads a body out of the caller's buffer, whatever its framing: nothing is copied, each step names the next
// piece of it where it lies. The caller drops what a step consumed and hands in the rest, with more behind it, next
// time.
//
//   for (;;) {
//     const auto step = body.next(unread);
//     unread.remove_prefix(step.consumed);
//     ... piece: use step.piece; need_more: read from the socket; complete: done; refused: close
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/http1/head.hpp"

namespace tutti::wire::http1 {

struct BodyStep {
  enum class State : std::uint8_t { piece, trailer, need_more, complete, refused } state = State::need_more;
  std::size_t consumed = 0;  // of the bytes handed in; also with need_more
  std::string_view piece;    // state piece: never empty
  std::string_view name;     // state trailer: one field of the trailer section
  std::string_view value;
  Refusal refusal = {};  // state refused: 400, 413 or 431
};

// The chunked transfer coding, RFC 9112 section 7.1. Extensions are checked and dropped.
class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(const Limits& limits = {}) : limits_(limits) {}
  [[nodiscard]] BodyStep next(std::string_view data) noexcept;

 private:
  enum class Stage : std::uint8_t { size, data, data_end, trailer, done };

  BodyStep refuse(int status, std::string_view reason) noexcept;
  BodyStep read_size(std::string_view data, std::size_t skipped) noexcept;
  BodyStep read_trailer(std::string_view data, std::size_t skipped) noexcept;

  Limits limits_;
  Stage stage_ = Stage::size;
  std::uint64_t left_ = 0;  // of the chunk
  std::uint64_t body_bytes_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::size_t trailers_ = 0;
  std::size_t scanned_ = 0;  // no LF in so many of the bytes that were handed in last
  Refusal refusal_;
};

class BodyDecoder {
 public:
  BodyDecoder() = default;
  BodyDecoder(Framing framing, std::uint64_t content_length, const Limits& limits = {});
  [[nodiscard]] BodyStep next(std::string_view data) noexcept;
  // The other side has finished writing: true if the body is whole (until_close, or complete already).
  [[nodiscard]] bool ends_here() noexcept;
  // Of a body whose length was announced: how many bytes are still to come. Of others 0.
  [[nodiscard]] std::uint64_t length_left() const noexcept { return framing_ == Framing::length ? left_ : 0; }

 private:
  Framing framing_ = Framing::none;
  std::uint64_t left_ = 0;  // length: to come; until_close: still allowed
  ChunkedDecoder chunked_;
};

// The other way: a chunk's head before the data, "\r\n" behind it, and the last chunk with its trailers' end.
void append_chunk(std::string& out, std::string_view data);  // nothing for empty data, which would end the body
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace tutti::wire::http1
