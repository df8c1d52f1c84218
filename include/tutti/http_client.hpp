// A plain HTTP client for what has no contract. Waits; pooled connections; the handler's deadline holds.
// Between services use Caller: it knows retries, balancing and errors.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tutti/http.hpp>

namespace tutti {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http://host[:port]/path?query, https://...
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::chrono::nanoseconds deadline = std::chrono::seconds(30);
  std::size_t body_bytes_max = 16 * 1024 * 1024;  // of the answer
};

struct HttpReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // The first of that name, in any case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Any status is a reply; throws tutti::Error(unavailable, deadline_exceeded, resource_exhausted, ...) if there is none.
  // Redirects are not followed.
  [[nodiscard]] virtual HttpReply send(const HttpRequest& request) = 0;
};

}  // namespace tutti
