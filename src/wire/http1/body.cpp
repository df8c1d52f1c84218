#include "wire/http1/body.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {
namespace {

BodyStep need_more(std::size_t consumed) noexcept {
  BodyStep step;
  step.consumed = consumed;
  return step;
}

BodyStep complete(std::size_t consumed) noexcept {
  BodyStep step;
  step.state = BodyStep::State::complete;
  step.consumed = consumed;
  return step;
}

BodyStep piece(std::size_t consumed, std::string_view bytes) noexcept {
  BodyStep step;
  step.state = BodyStep::State::piece;
  step.consumed = consumed;
  step.piece = bytes;
  return step;
}

}  // namespace

BodyStep ChunkedDecoder::refuse(int status, std::string_view reason) noexcept {
  refusal_ = {status, reason};
  BodyStep step;
  step.state = BodyStep::State::refused;
  step.refusal = refusal_;
  return step;
}

BodyStep ChunkedDecoder::next(std::string_view data) noexcept {
  if (refusal_) return refuse(refusal_.status, refusal_.reason);
  std::size_t skipped = 0;
  for (;;) {
    const std::string_view rest = data.substr(skipped);
    switch (stage_) {
      case Stage::size: {
        const BodyStep step = read_size(rest, skipped);
        if (step.state != BodyStep::State::piece) return step;
        skipped = step.consumed;  // the line only: the data comes next
        break;
      }
      case Stage::data: {
        if (rest.empty()) return need_more(skipped);
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
        left_ -= size;
        if (left_ == 0) stage_ = Stage::data_end;
        return piece(skipped + size, rest.substr(0, size));
      }
      case Stage::data_end:
        if (!rest.empty() && rest[0] != '\r') return refuse(400, "a chunk is longer than its size says");
        if (rest.size() < 2) return need_more(skipped);
        if (rest[1] != '\n') return refuse(400, "a chunk is longer than its size says");
        skipped += 2;
        stage_ = Stage::size;
        scanned_ = 0;
        break;
      case Stage::trailer:
        return read_trailer(rest, skipped);
      case Stage::done:
        return complete(skipped);
    }
  }
}

// chunk-size [ chunk-ext ] CRLF. "piece" means: the line was read.
BodyStep ChunkedDecoder::read_size(std::string_view data, std::size_t skipped) noexcept {
  const std::size_t newline = data.find('\n', std::min(scanned_, data.size()));
  if (newline == std::string_view::npos) {
    scanned_ = data.size();
    if (data.size() > limits_.chunk_line_bytes + 1) return refuse(400, "a chunk's size line is too long");
    return need_more(skipped);
  }
  scanned_ = 0;
  if (newline > limits_.chunk_line_bytes + 1) return refuse(400, "a chunk's size line is too long");
  if (newline == 0 || data[newline - 1] != '\r') return refuse(400, "a chunk's size line ends in LF without CR");
  std::string_view line = data.substr(0, newline - 1);

  std::uint64_t size = 0;
  std::size_t i = 0;
  for (; i < line.size(); ++i) {
    const int digit = hex_digit(line[i]);
    if (digit < 0) break;
    if (size >> 60 != 0) return refuse(400, "a chunk's size does not fit 64 bits");
    size = size << 4 | static_cast<std::uint64_t>(digit);
  }
  if (i == 0) return refuse(400, "a chunk has no size in hexadecimal digits");
  line.remove_prefix(i);
  if (!line.empty()) {
    if (line[0] != ';') return refuse(400, "a chunk's size is followed by something that is no extension");
    if (!is_field_value(line)) return refuse(400, "a chunk's extension has a control character");
    extension_bytes_ += line.size();
    if (extension_bytes_ > limits_.chunk_extension_bytes) return refuse(400, "the chunk extensions are too large");
  }
  if (size > limits_.body_bytes - body_bytes_) return refuse(413, "the body is too large");
  body_bytes_ += size;
  left_ = size;
  stage_ = size == 0 ? Stage::trailer : Stage::data;
  return size == 0 ? read_trailer(data.substr(newline + 1), skipped + newline + 1) : piece(skipped + newline + 1, {});
}

BodyStep ChunkedDecoder::read_trailer(std::string_view data, std::size_t skipped) noexcept {
  if (data.size() >= 2 && data[0] == '\r' && data[1] == '\n') {
    stage_ = Stage::done;
    return complete(skipped + 2);
  }
  const std::size_t newline = data.find('\n', std::min(scanned_, data.size()));
  const std::size_t bytes = newline == std::string_view::npos ? data.size() : newline + 1;
  if (bytes > 1 && trailer_bytes_ + bytes > limits_.trailer_bytes) return refuse(431, "the trailers are too large");
  if (newline == std::string_view::npos) {
    scanned_ = data.size();
    return need_more(skipped);
  }
  scanned_ = 0;
  const FieldLine line = read_field_line(data.data(), data.data() + data.size());
  if (line.state != FieldLine::State::complete) return refuse(400, line.reason);
  // What frames or routes a message must not come late (RFC 9110 section 6.5.1).
  switch (known_of(line.name)) {
    case Known::content_length:
    case Known::transfer_encoding:
    case Known::host:
    case Known::trailer:
    case Known::authorization:
    case Known::connection:
    case Known::content_type:
    case Known::content_encoding:
      return refuse(400, "a trailer has a name that is not allowed there");
    default:
      break;
  }
  if (++trailers_ > limits_.header_count) return refuse(431, "there are too many trailers");
  trailer_bytes_ += line.bytes;
  BodyStep step;
  step.state = BodyStep::State::trailer;
  step.consumed = skipped + line.bytes;
  step.name = line.name;
  step.value = line.value;
  return step;
}

BodyDecoder::BodyDecoder(Framing framing, std::uint64_t content_length, const Limits& limits)
    : framing_(framing),
      left_(framing == Framing::until_close ? limits.body_bytes : content_length),
      chunked_(limits) {}

BodyStep BodyDecoder::next(std::string_view data) noexcept {
  switch (framing_) {
    case Framing::none:
      return complete(0);
    case Framing::chunked: {
      const BodyStep step = chunked_.next(data);
      if (step.state == BodyStep::State::complete) framing_ = Framing::none;
      return step;
    }
    case Framing::length: {
      if (left_ == 0) return complete(0);
      if (data.empty()) return need_more(0);
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size()));
      left_ -= size;
      return piece(size, data.substr(0, size));
    }
    case Framing::until_close: {
      if (data.empty()) return need_more(0);
      if (data.size() > left_) {
        BodyStep step;
        step.state = BodyStep::State::refused;
        step.refusal = {413, "the body is too large"};
        return step;
      }
      left_ -= data.size();
      return piece(data.size(), data);
    }
  }
  return complete(0);
}

bool BodyDecoder::ends_here() noexcept {
  if (framing_ == Framing::until_close) framing_ = Framing::none;
  return framing_ == Framing::none || (framing_ == Framing::length && left_ == 0);
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, data.size(), 16).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
  out.append("\r\n");
  out.append(data);
  out.append("\r\n");
}

}  // namespace tutti::wire::http1
