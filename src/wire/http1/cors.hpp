// Cross-origin resource sharing (the Fetch standard, "CORS protocol"): which pages of other sites a browser may let
// read our answers. Closed by default: without rules no header is sent, and the browser refuses.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http1/request_parser.hpp"

namespace tutti::wire::http1 {

struct CorsRules {
  std::vector<std::string> origins = {};  // "https://shop.example"; "*": every site, then without credentials
  std::vector<std::string> headers = {};  // that a page may send beyond the simple ones; content-type is always allowed
  std::vector<std::string> exposed = {};  // that a page may read beyond the simple ones
  bool credentials = false;               // cookies and Authorization of the browser are sent along
  std::chrono::seconds max_age{600};      // that a browser may remember a preflight
};

// What is wrong with the rules (for start-up); empty: nothing.
[[nodiscard]] std::string cors_fault(const CorsRules& rules);

struct CorsHeader {
  std::string_view name;
  std::string value;
};
struct CorsDecision {
  enum class Kind : std::uint8_t {
    none,       // no other site asks, or it may not: the answer gets `headers` (at most Vary), nothing else changes
    allowed,    // an ordinary request: its answer gets `headers`
    preflight,  // the browser asks first: answer 204 with `headers`, call no handler
  } kind = Kind::none;
  std::vector<CorsHeader> headers = {};
};
// `allowed_methods` is what the route answers ("GET, HEAD, POST, OPTIONS"), for a preflight.
[[nodiscard]] CorsDecision cors(const CorsRules& rules, const RequestHead& request, std::string_view allowed_methods);

}  // namespace tutti::wire::http1
