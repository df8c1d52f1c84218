// multipart/form-data (RFC 7578) as it arrives: bytes are fed in whatever pieces there are, and events come out: a part
// begins (with its headers), pieces of its body, the part ends, all is read. The parser keeps what it was fed and has
// not told yet: at most one feed, one part's headers or one delimiter more. A body of any size needs no more memory.
//
//   parser.feed(bytes);
//   while ((event = parser.next()).kind != need_more) ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/http1/head.hpp"

namespace tutti::wire::http1 {

struct MultipartLimits {
  std::size_t parts = 128;
  std::size_t header_bytes = 8 * 1024;  // of one part
  std::size_t header_count = 16;        // of one part
};

struct MultipartEvent {
  enum class Kind : std::uint8_t { need_more, part, data, part_end, end, refused } kind = Kind::need_more;
  std::string_view data = {};  // kind data; valid until the next call
  Refusal refusal = {};        // kind refused: 400, 413 or 431
};

struct Part {
  std::string name;                     // of the form's field; never empty
  std::optional<std::string> filename;  // as sent, without any folders before it; never a path to write to
  std::string content_type;             // "text/plain" if none was sent (RFC 7578 section 4.4)
};

// The boundary of "multipart/form-data; boundary=..."; nothing if it is another type or the boundary is not valid.
[[nodiscard]] std::optional<std::string> multipart_boundary(std::string_view content_type);

class MultipartParser {
 public:
  // The boundary has 1 to 70 characters (RFC 2046 section 5.1.1).
  explicit MultipartParser(std::string_view boundary, const MultipartLimits& limits = {});

  void feed(std::string_view bytes);
  [[nodiscard]] MultipartEvent next();
  // After event `part`, until the next one.
  [[nodiscard]] const Part& part() const noexcept { return part_; }

 private:
  enum class Stage : std::uint8_t { preamble, after_delimiter, headers, body, done };

  MultipartEvent refuse(int status, std::string_view reason);
  MultipartEvent read_headers();
  MultipartEvent read_body();
  [[nodiscard]] std::string_view unread() const noexcept { return std::string_view(kept_).substr(at_); }

  MultipartLimits limits_;
  std::string delimiter_;  // CRLF "--" boundary
  std::string kept_;
  std::size_t at_ = 0;
  Stage stage_ = Stage::preamble;
  FieldLines lines_;
  Fields fields_;
  Part part_;
  std::size_t parts_ = 0;
  bool body_begins_ = false;  // the CRLF before the body is not read yet
  Refusal refusal_;
};

}  // namespace tutti::wire::http1
