// Where each field of a message travels over HTTP, decided once per method at start: in the path, the query, a header,
// the status, or the body. GET and DELETE: path, rest query; others: path, rest body; headers where named.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tutti/detail/shape.hpp>
#include <tutti/detail/spec.hpp>
#include <tutti/violations.hpp>

#include "message/buffer.hpp"
#include "net/http_server.hpp"
#include "wire/http1/router.hpp"

namespace tutti::detail {

class HttpBinding {
 public:
  // `path`: the route's pattern. Throws tutti::Error(failed_precondition) for what cannot be bound.
  HttpBinding(const MethodSpec& method, std::string_view path);

  // Fills *request (default-constructed). `match`: for the parameters of the path; null if the route has none.
  [[nodiscard]] Violations read(const wire::http1::RequestHead& head, const wire::http1::RouteMatch* match,
                                std::string_view body, void* request) const;
  // Whether a body is read at all.
  [[nodiscard]] bool has_body() const noexcept { return has_body_; }

  struct Reply {
    int status;
    std::vector<std::pair<std::string_view, std::string>> headers = {};
    Violations violations = {};
  };
  // The body goes to `body` (nothing for a method without reply).
  [[nodiscard]] Reply write(const void* reply, message::Buffer& body) const;

  [[nodiscard]] bool has_path_parameters() const noexcept { return !path_fields_.empty(); }

 private:
  struct Bound {
    const Field* field;
    std::size_t index;
  };
  void read_query(std::string_view query, void* request, std::uint64_t& bound, Violations& violations) const;
  void demand_rest(std::uint64_t bound, Violations& violations) const;

  const MethodSpec& method_;
  const Shape* request_ = nullptr;
  const Shape* reply_ = nullptr;
  std::vector<Bound> path_fields_;    // in the pattern's order
  std::vector<Bound> header_fields_;  // of the request
  std::vector<Bound> query_fields_;
  std::vector<Bound> reply_headers_;
  const Field* reply_status_ = nullptr;
  bool has_body_ = false;
  bool reply_has_body_ = false;
};

}  // namespace tutti::detail
