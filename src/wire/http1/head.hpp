// What heads of requests and responses have in common: lines that end in CRLF, field lines, limits, and the rules of
// message framing (RFC 9112 sections 2, 5 and 6) in their strict reading: whatever two implementations
// might read differently is refused, because that is how requests are smuggled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/http1/fields.hpp"

namespace tutti::wire::http1 {

struct Limits {
  std::size_t start_line_bytes = 8 * 1024;       // request line or status line, without CRLF
  std::size_t header_count = 100;                // at most Fields::capacity
  std::size_t header_bytes = 32 * 1024;          // all field lines with their CRLF
  std::uint64_t body_bytes = 8 * 1024 * 1024;    // of a whole body, without chunk framing
  std::size_t trailer_bytes = 4 * 1024;          // all trailer lines with their CRLF
  std::size_t chunk_line_bytes = 256;            // a chunk's size line without CRLF, extensions included
  std::size_t chunk_extension_bytes = 4 * 1024;  // of all chunks of a body together
};

// Why a message is refused. The status is what a server answers; the reason is a static text for people.
struct Refusal {
  int status = 0;  // 0: nothing is wrong
  std::string_view reason = {};

  explicit operator bool() const noexcept { return status != 0; }
};

enum class Version : std::uint8_t { http10, http11 };

// How a body's end is known.
enum class Framing : std::uint8_t { none, length, chunked, until_close };

// One field line from `at` through its CRLF. Incomplete if the bytes end before; then nothing is told about errors,
// so that a message gives the same answer however it was cut into pieces.
struct FieldLine {
  enum class State : std::uint8_t { complete, incomplete, bad } state = State::incomplete;
  std::string_view name;
  std::string_view value;
  std::size_t bytes = 0;  // with CRLF; 0 unless complete
  std::string_view reason = {};
};
[[nodiscard]] FieldLine read_field_line(const char* at, const char* end) noexcept;

// The value's lines until the empty one: adds them to `fields`, moving `at` behind each.
// Used by both parsers and by multipart.
class FieldLines {
 public:
  enum class State : std::uint8_t { complete, incomplete, refused };
  // `data` from the first field line on; call again with the same bytes and more behind them.
  [[nodiscard]] State read(std::string_view data, std::size_t bytes_max, std::size_t count_max,
                           Fields& fields) noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return at_; }  // read so far; with the empty line once complete
  [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }
  void clear() noexcept { *this = {}; }

 private:
  std::size_t at_ = 0;       // start of the line that is not read yet
  std::size_t scanned_ = 0;  // no LF from at_ up to here
  Refusal refusal_;
};

// Length and transfer coding out of the fields. until_close is never returned: that depends on who speaks.
struct BodyFraming {
  Framing framing = Framing::none;
  std::uint64_t length = 0;
  Refusal refusal = {};
};
[[nodiscard]] BodyFraming framing_of(const Fields& fields, Version version) noexcept;

// The tokens of all Connection fields that matter to us.
struct ConnectionTokens {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};
[[nodiscard]] ConnectionTokens connection_tokens(const Fields& fields) noexcept;

// "HTTP/1.1" and "HTTP/1.0"; higher minor versions count as 1.1 (RFC 9110 section 2.5).
struct VersionResult {
  Version version = Version::http11;
  Refusal refusal = {};
};
[[nodiscard]] VersionResult read_version(std::string_view text) noexcept;

// uri-host [":" port], not empty, no user information.
[[nodiscard]] bool is_authority(std::string_view text) noexcept;

}  // namespace tutti::wire::http1
