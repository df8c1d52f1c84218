// Reads the head of an HTTP/1.1 response for the client: the same rules and the same way of feeding as RequestParser.
// Interim answers (1xx) are skipped, a bounded number of them; 101 is an answer of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/http1/head.hpp"
#include "wire/http1/request_parser.hpp"

namespace tutti::wire::http1 {

struct ResponseHead {
  int status = 0;  // 100 to 599
  std::string_view reason;
  Version version = Version::http11;
  Fields fields;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;  // false with until_close
  bool continued = false;  // a 100 came before
  std::size_t bytes = 0;   // where the body begins, skipped interim answers included
};

class ResponseParser {
 public:
  enum class State : std::uint8_t {
    need_more,
    complete,
    refused,
  };
  static constexpr int interim_max = 16;  // 1xx answers before the real one

  explicit ResponseParser(const Limits& limits = {}) : limits_(limits) {}

  // Before each response: to HEAD no body comes, whatever the headers say.
  void expect(Method request) noexcept;
  [[nodiscard]] State parse(std::string_view data) noexcept;
  // A 100 has been seen: the body may be sent (while parse still says need_more).
  [[nodiscard]] bool continued() const noexcept { return head_.continued; }
  [[nodiscard]] const ResponseHead& head() const noexcept { return head_; }
  // The status is 502: what the other side sent is not HTTP as we accept it.
  [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }
  void rebase(const char* data) noexcept;

 private:
  enum class Stage : std::uint8_t { status_line, fields, done };

  State refuse(std::string_view reason) noexcept;
  State read_status_line(std::string_view data) noexcept;
  State finish() noexcept;

  Limits limits_;
  ResponseHead head_;
  FieldLines lines_;
  Refusal refusal_;
  Method request_ = Method::get;
  const char* base_ = nullptr;
  Stage stage_ = Stage::status_line;
  int interim_ = 0;
  std::size_t at_ = 0;
  std::size_t scanned_ = 0;
};

}  // namespace tutti::wire::http1
