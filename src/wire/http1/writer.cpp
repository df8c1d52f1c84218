#include "wire/http1/writer.hpp"

#include <charconv>

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {
namespace {

// One entry for each status that we or our users send; the line is ready to be appended.
constexpr std::string_view status_line(int status) noexcept {
  switch (status) {
#define TUTTI_STATUS(number, reason) \
  case number:                       \
    return "HTTP/1.1 " #number " " reason "\r\n"
    TUTTI_STATUS(100, "Continue");
    TUTTI_STATUS(101, "Switching Protocols");
    TUTTI_STATUS(200, "OK");
    TUTTI_STATUS(201, "Created");
    TUTTI_STATUS(202, "Accepted");
    TUTTI_STATUS(204, "No Content");
    TUTTI_STATUS(206, "Partial Content");
    TUTTI_STATUS(301, "Moved Permanently");
    TUTTI_STATUS(302, "Found");
    TUTTI_STATUS(303, "See Other");
    TUTTI_STATUS(304, "Not Modified");
    TUTTI_STATUS(307, "Temporary Redirect");
    TUTTI_STATUS(308, "Permanent Redirect");
    TUTTI_STATUS(400, "Bad Request");
    TUTTI_STATUS(401, "Unauthorized");
    TUTTI_STATUS(402, "Payment Required");
    TUTTI_STATUS(403, "Forbidden");
    TUTTI_STATUS(404, "Not Found");
    TUTTI_STATUS(405, "Method Not Allowed");
    TUTTI_STATUS(406, "Not Acceptable");
    TUTTI_STATUS(408, "Request Timeout");
    TUTTI_STATUS(409, "Conflict");
    TUTTI_STATUS(410, "Gone");
    TUTTI_STATUS(411, "Length Required");
    TUTTI_STATUS(412, "Precondition Failed");
    TUTTI_STATUS(413, "Content Too Large");
    TUTTI_STATUS(414, "URI Too Long");
    TUTTI_STATUS(415, "Unsupported Media Type");
    TUTTI_STATUS(416, "Range Not Satisfiable");
    TUTTI_STATUS(417, "Expectation Failed");
    TUTTI_STATUS(421, "Misdirected Request");
    TUTTI_STATUS(422, "Unprocessable Content");
    TUTTI_STATUS(425, "Too Early");
    TUTTI_STATUS(426, "Upgrade Required");
    TUTTI_STATUS(428, "Precondition Required");
    TUTTI_STATUS(429, "Too Many Requests");
    TUTTI_STATUS(431, "Request Header Fields Too Large");
    TUTTI_STATUS(499, "Client Closed Request");
    TUTTI_STATUS(500, "Internal Server Error");
    TUTTI_STATUS(501, "Not Implemented");
    TUTTI_STATUS(502, "Bad Gateway");
    TUTTI_STATUS(503, "Service Unavailable");
    TUTTI_STATUS(504, "Gateway Timeout");
    TUTTI_STATUS(505, "HTTP Version Not Supported");
#undef TUTTI_STATUS
    default:
      return {};
  }
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_length(std::string& out, std::uint64_t bytes) {
  out.append("content-length: ");
  append_number(out, bytes);
  out.append("\r\n\r\n");
}

}  // namespace

std::string_view reason_of(int status) noexcept {
  const std::string_view line = status_line(status);
  return line.empty() ? line : line.substr(13, line.size() - 15);
}

void append_status_line(std::string& out, int status) {
  const std::string_view line = status_line(status);
  if (!line.empty()) {
    out.append(line);
    return;
  }
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(status < 100 || status > 999 ? 500 : status));
  out.append(" \r\n");
}

bool append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) return false;
  out.append(name);
  out.append(": ");
  out.append(value);
  out.append("\r\n");
  return true;
}

void ResponseWriter::date(std::string_view date) {
  out_.append("date: ");
  out_.append(date);
  out_.append("\r\n");
}

void ResponseWriter::content_length(std::uint64_t bytes) { append_length(out_, bytes); }

void ResponseWriter::body(std::string_view bytes, Method request) {
  append_length(out_, bytes.size());
  if (request != Method::head) out_.append(bytes);
}

bool RequestWriter::start(std::string_view method, std::string_view target, std::string_view host) {
  if (!is_token(method) || target.empty() || !all(target, character::target) || !is_authority(host)) return false;
  out_.append(method);
  out_.push_back(' ');
  out_.append(target);
  out_.append(" HTTP/1.1\r\nhost: ");
  out_.append(host);
  out_.append("\r\n");
  return true;
}

void RequestWriter::content_length(std::uint64_t bytes) { append_length(out_, bytes); }

}  // namespace tutti::wire::http1
