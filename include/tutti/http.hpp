// Raw HTTP handlers: the way out when a contract does not fit (pages, uploads, downloads, proxies).
// app.raw("POST", "/upload", [&](tutti::Request& request, tutti::Responder& reply) { ... });
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tutti/time.hpp>

namespace tutti {

class Context;

// A body that arrives piece by piece. Waits; 0 at the end; throws tutti::Error if it breaks off or grows over the limit.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  [[nodiscard]] virtual std::size_t read(std::span<std::byte> into) = 0;
  // All of it, at most bytes_max; over it throws tutti::Error(resource_exhausted).
  [[nodiscard]] std::string read_all(std::size_t bytes_max);
};

// A body that leaves piece by piece. Waits while the client is slow; throws tutti::Error(cancelled) if it has gone.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual void write(std::string_view bytes) = 0;
  virtual void flush() = 0;
};

// One part of a multipart/form-data body. Its body must be read (or is skipped) before the next part.
struct Part {
  std::string name;
  std::string file_name;  // empty: not a file
  std::string content_type;
  BodyReader* body;
};

class Request {
 public:
  virtual ~Request() = default;
  [[nodiscard]] virtual std::string_view method() const = 0;
  [[nodiscard]] virtual std::string_view path() const = 0;  // decoded
  [[nodiscard]] virtual std::string_view target() const = 0;  // as sent
  // A parameter of the route's path ("id" of "/orders/{id}"), decoded.
  [[nodiscard]] virtual std::string_view parameter(std::string_view name) const = 0;
  [[nodiscard]] virtual std::optional<std::string> query(std::string_view name) const = 0;   // decoded; the first of that name
  [[nodiscard]] virtual std::optional<std::string_view> header(std::string_view name) const = 0;  // any case
  [[nodiscard]] virtual std::optional<std::string> cookie(std::string_view name) const = 0;
  [[nodiscard]] virtual std::string_view client() const = 0;  // address; behind http.trusted_proxies the forwarded one
  [[nodiscard]] virtual std::string_view scheme() const = 0;  // "http" or "https", likewise
  [[nodiscard]] virtual BodyReader& body() = 0;
  // Calls visit for each part of a multipart/form-data body. Throws tutti::Error(invalid_argument) if it is none.
  virtual void each_part(void* context, void (*visit)(void* context, Part& part)) = 0;
  template <class Visit>
  void each_part(Visit&& visit) {
    each_part(&visit, [](void* context, Part& part) { (*static_cast<std::remove_reference_t<Visit>*>(context))(part); });
  }
  [[nodiscard]] virtual const Context& context() const = 0;
};

struct Cookie {
  std::string name;
  std::string value;
  std::string path = "/";
  std::string domain = {};
  std::optional<std::chrono::seconds> max_age = {};
  bool http_only = true;
  bool secure = false;
  std::string same_site = "Lax";  // Strict, Lax, None
};

// Something whose bytes are there, with what it is known by. The views must live until send_document returns.
struct Document {
  std::string_view content;
  std::string_view content_type;
  std::string_view etag = {};  // with its quotes, "\"v7\""; changes whenever the bytes do. Empty: made of the content
  std::optional<Time> modified = {};
};

// A file below a folder, for send_file.
struct FileBelow {
  std::string folder;
  std::string name;
};

// The file `name` below `folder`, for a name that comes from outside: "reports/may.pdf". Nothing if it would not stay below, or
// shall not be seen: it is empty or absolute, has a segment that begins with "." (so "..", and hidden files) or is empty, a
// backslash or a NUL.
[[nodiscard]] std::optional<FileBelow> path_below(std::string_view folder, std::string_view name);

class Responder {
 public:
  virtual ~Responder() = default;
  // Before the body begins. Throws tutti::Error(invalid_argument) on a name or value that HTTP does not allow.
  virtual Responder& status(int status) = 0;
  virtual Responder& header(std::string_view name, std::string_view value) = 0;
  virtual Responder& cookie(const Cookie& cookie) = 0;
  // Each request is answered once, by one of these.
  virtual void send(std::string_view body, std::string_view content_type) = 0;
  // The next two answer conditions (If-None-Match, If-Modified-Since, If-Match, If-Unmodified-Since: 304, 412) and ranges (Range,
  // If-Range: 206, 416) as RFC 9110 sections 13 and 14 say. With the status 200 only.
  virtual void send_document(const Document& document) = 0;
  // A file of the machine, read piece by piece on the pool, so of any length. Its tag is made of its length and time. Throws
  // tutti::Error: not_found if there is no such file or it is a folder, permission_denied. Waits.
  virtual void send_file(const std::string& path, std::string_view content_type) = 0;
  // The same for a name that came from outside. Symbolic links are followed as long as they stay below the folder; one that leads
  // out of it is not_found.
  virtual void send_file(const FileBelow& file, std::string_view content_type) = 0;
  virtual void redirect(std::string_view location, int status = 303) = 0;
  [[nodiscard]] virtual BodyWriter& stream(std::string_view content_type) = 0;
};

// Files that are part of the program. The bytes live as long as it does.
struct EmbeddedFile {
  std::string_view path;  // "index.html", below the prefix
  std::string_view content_type;
  std::string_view content;
};

}  // namespace tutti
