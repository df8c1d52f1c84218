#include "wire/http1/head.hpp"

#include <algorithm>
#include <cstring>

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {
namespace {

// The first byte at or behind `at` that may not stand in a field value (or `end`), eight bytes at a time: a byte below
// 0x20 or equal to 0x7f. HTAB is such a byte too: the bytes behind the first alarm are looked at one by one.
const char* skip_value(const char* at, const char* end) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  while (end - at >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    const std::uint64_t below = (word - ones * 0x20) & ~word & tops;
    const std::uint64_t not_del = word ^ (ones * 0x7f);
    const std::uint64_t del = (not_del - ones) & ~not_del & tops;
    // A borrow may raise a false alarm in a byte above a true one only, so "none" is exact.
    if ((below | del) != 0) break;
    at += 8;
  }
  while (at != end && is(*at, character::value)) ++at;
  return at;
}

FieldLine bad(std::string_view reason) noexcept {
  FieldLine line;
  line.state = FieldLine::State::bad;
  line.reason = reason;
  return line;
}

FieldLine read_line(const char* at, const char* end) noexcept {
  const char* const start = at;
  while (at != end && is(*at, character::token)) ++at;
  if (at == end) return {};
  if (*at != ':') {
    if (at == start && (*at == ' ' || *at == '\t')) return bad("a header line is folded or starts with whitespace");
    if (*at == ' ' || *at == '\t') return bad("there is whitespace before the colon of a header");
    if (*at == '\r' || *at == '\n') return bad("a header line has no colon");
    return bad("a header name has a character that is not allowed");
  }
  if (at == start) return bad("a header has no name");
  const std::string_view name(start, static_cast<std::size_t>(at - start));
  ++at;
  const char* const value = at;
  at = skip_value(at, end);
  if (at == end) return {};
  if (*at == '\n') return bad("a line ends in LF without CR");
  if (*at != '\r') return bad("a header value has a control character");
  if (at + 1 == end) return {};
  if (at[1] != '\n') return bad("there is a CR without LF");
  FieldLine line;
  line.state = FieldLine::State::complete;
  line.name = name;
  line.value = trim({value, static_cast<std::size_t>(at - value)});
  line.bytes = static_cast<std::size_t>(at + 2 - start);
  return line;
}

}  // namespace

FieldLine read_field_line(const char* at, const char* end) noexcept {
  FieldLine line = read_line(at, end);
  if (line.state == FieldLine::State::bad && std::memchr(at, '\n', static_cast<std::size_t>(end - at)) == nullptr) {
    return {};
  }
  return line;
}

FieldLines::State FieldLines::read(std::string_view data, std::size_t bytes_max, std::size_t count_max,
                                   Fields& fields) noexcept {
  if (refusal_) return State::refused;
  const auto refuse = [this](int status, std::string_view reason) {
    refusal_ = {status, reason};
    return State::refused;
  };
  for (;;) {
    const char* const start = data.data() + at_;
    const char* const end = data.data() + data.size();
    const std::size_t left = data.size() - at_;
    if (left >= 2 && start[0] == '\r' && start[1] == '\n') {
      at_ += 2;
      scanned_ = at_;
      return State::complete;
    }
    // A line that was incomplete before is looked at again only when its LF is there: no byte is scanned twice over.
    if (scanned_ > at_ && std::memchr(data.data() + scanned_, '\n', data.size() - scanned_) == nullptr) {
      scanned_ = data.size();
      if (left > 1 && data.size() > bytes_max) return refuse(431, "the headers are too large");
      return State::incomplete;
    }
    const FieldLine line = read_field_line(start, end);
    std::size_t bytes = line.bytes;
    if (line.state != FieldLine::State::complete) {
      const void* const newline = left == 0 ? nullptr : std::memchr(start, '\n', left);
      bytes = newline == nullptr ? left : static_cast<std::size_t>(static_cast<const char*>(newline) + 1 - start);
    }
    // The limit comes first, for complete and incomplete lines alike: the answer must not depend on the cuts.
    if (bytes > 1 && at_ + bytes > bytes_max) return refuse(431, "the headers are too large");
    if (line.state == FieldLine::State::bad) return refuse(400, line.reason);
    if (line.state == FieldLine::State::incomplete) {
      scanned_ = data.size();
      return State::incomplete;
    }
    if (fields.size() >= std::min(count_max, Fields::capacity)) return refuse(431, "there are too many headers");
    (void)fields.add(line.name, line.value);
    at_ += line.bytes;
    scanned_ = at_;
  }
}

BodyFraming framing_of(const Fields& fields, Version version) noexcept {
  BodyFraming result;
  const bool coded = fields.has(Known::transfer_encoding);
  const bool sized = fields.has(Known::content_length);
  if (coded) {
    if (version == Version::http10) return {Framing::none, 0, {400, "transfer-encoding in HTTP/1.0"}};
    if (sized) return {Framing::none, 0, {400, "both content-length and transfer-encoding"}};
    if (fields.repeated(Known::transfer_encoding)) return {Framing::none, 0, {400, "transfer-encoding is repeated"}};
    std::string_view rest = fields.get(Known::transfer_encoding);
    std::string_view coding;
    bool chunked = false;
    bool unknown = false;
    while (next_member(rest, coding)) {
      if (chunked) return {Framing::none, 0, {400, "chunked is not the last transfer coding"}};
      if (equal_ignoring_case(coding, "chunked")) {
        chunked = true;
      } else {
        unknown = true;
      }
    }
    if (unknown) return {Framing::none, 0, {501, "unknown transfer coding; expected chunked"}};
    if (!chunked) return {Framing::none, 0, {400, "transfer-encoding is empty"}};
    result.framing = Framing::chunked;
  } else if (sized) {
    if (fields.repeated(Known::content_length)) return {Framing::none, 0, {400, "content-length is repeated"}};
    const auto length = parse_decimal(fields.get(Known::content_length));
    if (!length) return {Framing::none, 0, {400, "content-length is not a whole number that fits 64 bits"}};
    result.framing = *length == 0 ? Framing::none : Framing::length;
    result.length = *length;
  }
  return result;
}

ConnectionTokens connection_tokens(const Fields& fields) noexcept {
  ConnectionTokens tokens;
  if (!fields.has(Known::connection)) return tokens;
  const auto read = [&tokens](std::string_view rest) {
    std::string_view token;
    while (next_member(rest, token)) {
      if (equal_ignoring_case(token, "close")) tokens.close = true;
      if (equal_ignoring_case(token, "keep-alive")) tokens.keep_alive = true;
      if (equal_ignoring_case(token, "upgrade")) tokens.upgrade = true;
    }
  };
  if (!fields.repeated(Known::connection)) {
    read(fields.get(Known::connection));
    return tokens;
  }
  for (const Field& field : fields.list()) {
    if (field.known == Known::connection) read(field.value);
  }
  return tokens;
}

VersionResult read_version(std::string_view text) noexcept {
  if (text == "HTTP/1.1") return {Version::http11, {}};
  if (text == "HTTP/1.0") return {Version::http10, {}};
  if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || !is(text[5], character::digit) || text[6] != '.' ||
      !is(text[7], character::digit)) {
    return {Version::http11, {400, "the HTTP version is malformed; expected HTTP/1.1"}};
  }
  if (text[5] != '1') return {Version::http11, {505, "HTTP version not supported; expected HTTP/1.1"}};
  return {Version::http11, {}};
}

bool is_authority(std::string_view text) noexcept {
  if (text.empty()) return false;
  std::size_t end = 0;
  if (text[0] == '[') {
    end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    for (char c : text.substr(1, end - 1)) {
      if (!is(c, character::hex) && c != ':' && c != '.') return false;
    }
    ++end;
  } else {
    while (end < text.size() && is(text[end], character::host)) ++end;
    if (end == 0) return false;
  }
  if (end == text.size()) return true;
  if (text[end] != ':') return false;
  const std::string_view port = text.substr(end + 1);
  if (port.empty()) return true;  // RFC 3986 section 3.2.3: port is *DIGIT
  const auto number = parse_decimal(port);
  return number && *number <= 65535 && port.size() <= 5;
}

}  // namespace tutti::wire::http1
