// Reads the head of an HTTP/1.1 request (RFC 9112) out of the caller's buffer, without copying and without allocating.
// The caller hands in everything that it has from the request's first byte on; if more is needed it calls again with
// the same bytes and more behind them (the buffer may have moved in between). Each line is parsed once. Then the views
// in head() look into that buffer, and the body begins at head().bytes.
//
// A head gives the same answer however it was cut into pieces. What could be read in two ways is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/http1/head.hpp"

namespace tutti::wire::http1 {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, connect, trace, other };
[[nodiscard]] Method method_of(std::string_view token) noexcept;  // case matters
[[nodiscard]] std::string_view name_of(Method method) noexcept;   // "" for other

// RFC 9112 section 3.2.
enum class TargetForm : std::uint8_t { origin, absolute, authority, asterisk };

struct RequestHead {
  Method method = Method::other;
  std::string_view method_name;
  TargetForm form = TargetForm::origin;
  std::string_view target;  // as sent
  std::string_view path;    // still encoded; "/" or longer for origin and absolute form, else empty
  std::string_view query;   // without '?', still encoded
  std::string_view host;    // with port; of an absolute target, else of Host; empty only in HTTP/1.0
  std::string_view scheme;  // of an absolute target, else empty
  Version version = Version::http11;
  Fields fields;
  Framing framing = Framing::none;  // none, length or chunked
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool expect_continue = false;  // answer 100 before reading the body
  std::string_view upgrade;      // the Upgrade field's value, if Connection names it
  std::size_t bytes = 0;         // of the whole head, the empty line included
};

class RequestParser {
 public:
  enum class State : std::uint8_t { need_more, complete, refused };

  explicit RequestParser(const Limits& limits = {}) : limits_(limits) {}

  [[nodiscard]] State parse(std::string_view data) noexcept;
  [[nodiscard]] const RequestHead& head() const noexcept { return head_; }
  // With an HTTP status: 400, 413, 414, 417, 431, 501 or 505. The connection must be closed after the answer.
  [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }
  // The buffer has moved while the head is still in use: `data` is its new first byte.
  void rebase(const char* data) noexcept;
  // For the next request on the connection.
  void clear() noexcept;

 private:
  enum class Stage : std::uint8_t { start, request_line, fields, done };

  State refuse(int status, std::string_view reason) noexcept;
  State read_request_line(std::string_view data) noexcept;
  bool read_target() noexcept;
  State finish() noexcept;

  Limits limits_;
  RequestHead head_;
  FieldLines lines_;
  Refusal refusal_;
  const char* base_ = nullptr;
  Stage stage_ = Stage::start;
  std::size_t at_ = 0;       // where the stage begins
  std::size_t scanned_ = 0;  // no LF from at_ up to here
};

}  // namespace tutti::wire::http1
