// What a GET of something that lies ready is answered with: all of it, a part, "you have it already" (RFC 9110 sections 13 and 14),
// and in gzip if the client takes it and the settings say so.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.hpp"
#include "service/library_settings.hpp"
#include "world/world.hpp"

namespace tutti::detail {

struct Content {
  std::string_view type;
  std::string_view etag = {};  // strong; empty: none
  std::optional<std::chrono::sys_seconds> modified = {};
  std::uint64_t size = 0;
  std::string_view bytes = {};  // all of it; not there if `read` is set
  // Bytes at an offset, at least one; waits. What ends early breaks the answer off.
  std::function<std::size_t(std::uint64_t offset, std::span<std::byte> into)> read = {};
  std::string* gzip_kept = nullptr;  // where the gzip form of `bytes` is kept for the next request
};

// Answers, and returns the status. `headers` are those of the answer beside what this adds: ETag, Last-Modified, Accept-Ranges,
// Content-Range, Vary, Content-Encoding. Several ranges are answered as multipart/byteranges.
int answer_content(net::HttpExchange& exchange, const Content& content, std::vector<net::HttpHeader> headers, const HttpSettings& settings, world::World& world);

// The texts that the headers of a coded answer refer to.
struct Coded {
  std::string body;
  std::string etag;
};

// What is sent of a whole body: itself, or its gzip form if the settings, the client and the kind of answer allow it; then the
// headers say so, and an ETag among them becomes weak. An answer that has a Content-Encoding of its own, or Cache-Control:
// no-transform, stays as it is. A long body is compressed on the pool. Waits.
[[nodiscard]] std::string_view coded_body(const wire::http1::RequestHead& head, const HttpSettings& settings, int status, std::string_view type, std::string_view body,
                                          std::vector<net::HttpHeader>& headers, Coded& storage);

}  // namespace tutti::detail
