// Writes heads of responses and requests into the caller's buffer by appending: status lines are prepared, numbers
// are written in place, and what could split a message (CR, LF, NUL in a header) is refused, never escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/http1/fields.hpp"
#include "wire/http1/request_parser.hpp"

namespace tutti::wire::http1 {

[[nodiscard]] std::string_view reason_of(int status) noexcept;  // "Not Found"; empty for a status without a name here
// "HTTP/1.1 200 OK\r\n"; for a status without a name the reason is empty.
void append_status_line(std::string& out, int status);

// "name: value\r\n". False, and nothing written, if the name is no token or the value has a control character.
[[nodiscard]] bool append_field(std::string& out, std::string_view name, std::string_view value);

// In this order: status or request line, fields, one of content_length / chunked / no_body.
class ResponseWriter {
 public:
  explicit ResponseWriter(std::string& out, int status) : out_(out) { append_status_line(out_, status); }
  // `date` is the text of an IMF-fixdate that the caller renews once a second.
  void date(std::string_view date);
  void content_type(std::string_view type) { (void)field("content-type", type); }
  [[nodiscard]] bool field(std::string_view name, std::string_view value) { return append_field(out_, name, value); }
  void close() { out_.append("connection: close\r\n"); }            // the connection ends after this response
  void keep_alive() { out_.append("connection: keep-alive\r\n"); }  // to a HTTP/1.0 client that asked for it
  // Each ends the head.
  void content_length(std::uint64_t bytes);
  void chunked() { out_.append("transfer-encoding: chunked\r\n\r\n"); }
  void no_body() { out_.append("\r\n"); }  // 1xx, 204, 304, or until the connection closes
  // Ends the head and appends the body; to HEAD only its length.
  void body(std::string_view bytes, Method request);

 private:
  std::string& out_;
};

inline constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";

class RequestWriter {
 public:
  explicit RequestWriter(std::string& out) : out_(out) {}
  // "POST /charges?x=1 HTTP/1.1" and host. False, and nothing written, if a part has a character that is not allowed.
  [[nodiscard]] bool start(std::string_view method, std::string_view target, std::string_view host);
  [[nodiscard]] bool field(std::string_view name, std::string_view value) { return append_field(out_, name, value); }
  // Each ends the head.
  void content_length(std::uint64_t bytes);
  void chunked() { out_.append("transfer-encoding: chunked\r\n\r\n"); }
  void no_body() { out_.append("\r\n"); }

 private:
  std::string& out_;
};

}  // namespace tutti::wire::http1
