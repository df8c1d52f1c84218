// Problem documents (RFC 9457): what went wrong, as JSON. `type` is the identity: "about:blank" for our codes, the wire
// name for a contract error, whose JSON is in `value`. Ours beyond the RFC: `code`, `violations` and `value`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/error.hpp>
#include <tutti/violations.hpp>

namespace tutti::wire::http1 {

inline constexpr std::string_view problem_type = "application/problem+json";

struct Problem {
  int status = 500;
  Code code = Code::unknown;
  std::string type = {};        // wire name of a contract error, "payments.Declined"; empty: about:blank
  std::string title = {};       // empty: the code's own
  std::string detail = {};      // for people; empty: none
  std::string value_json = {};  // of a contract error; empty: none
  std::vector<Violation> violations = {};
};

[[nodiscard]] Problem problem_of(Code code, std::string_view detail);
void append_problem(std::string& out, const Problem& problem);

inline constexpr std::size_t problem_bytes_max = 256 * 1024;
// What another service sent with `status`. Members that are absent or of another type are as if not sent (RFC 9457
// section 3.1); without our `code` the code follows from the status. Nothing if it is no JSON object or too large.
[[nodiscard]] std::optional<Problem> parse_problem(std::string_view json, int status);

}  // namespace tutti::wire::http1
