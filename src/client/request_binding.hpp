// A method as an HTTP request, the reverse of what its server does: which field of the request travels in the path, the
// query, a header or the body, and where each field of the reply is found. Decided once per method.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tutti/detail/shape.hpp>
#include <tutti/detail/spec.hpp>

#include "wire/http1/response_parser.hpp"

namespace tutti::client {

class RequestBinding {
 public:
  // Throws tutti::Error(failed_precondition) for what cannot be bound.
  explicit RequestBinding(const detail::MethodSpec& method);

  struct Written {
    std::string target;  // path and query, without the endpoint's base
    std::vector<std::pair<std::string_view, std::string>> headers = {};
    std::string body = {};
    bool has_body = false;
  };
  // Throws tutti::Error(invalid_argument) for a request that breaks its contract.
  [[nodiscard]] Written write(const void* request) const;
  // `reply`: raw memory, constructed on return. Throws tutti::Error(internal) with the path of what is wrong.
  void read(const wire::http1::ResponseHead& head, std::string_view body, void* reply) const;

  [[nodiscard]] wire::http1::Method verb() const noexcept { return verb_; }

 private:
  struct Segment {
    std::string literal;         // with the slash before it
    const detail::Field* field;  // null: a literal
    bool rest = false;           // {file...}: its slashes stay
  };
  struct Bound {
    const detail::Field* field;
    std::size_t index;
  };

  const detail::MethodSpec& method_;
  std::string name_;
  wire::http1::Method verb_;
  std::vector<Segment> path_;
  std::vector<Bound> query_;
  std::vector<Bound> headers_;
  std::vector<Bound> reply_headers_;
  const detail::Field* reply_status_ = nullptr;
  std::size_t reply_status_index_ = 0;
  std::uint64_t in_path_ = 0;
  bool has_body_ = false;
  bool reply_has_body_ = false;
};

}  // namespace tutti::client
