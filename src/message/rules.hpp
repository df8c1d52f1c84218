// What a codec is told besides the shape: limits, what to do with fields that the shape does not have, and which
// fields of the outermost record travel outside the body (in the path, the query, a header or the status).
#pragma once

#include <cstddef>
#include <cstdint>

namespace tutti::message {

inline constexpr std::size_t depth_limit = 64;  // levels of objects and lists, the most that can be allowed
inline constexpr std::size_t bytes_limit = 64 * 1024 * 1024;  // bytes of one document by default

enum class Unknown : std::uint8_t { ignore, refuse };

// Where the fields with Field::header or Field::status are: in the body as all others (RPC, files), or elsewhere
// (HTTP).
enum class HttpFields : std::uint8_t { in_body, elsewhere };

struct ReadRules {
  Unknown unknown = Unknown::ignore;
  HttpFields http_fields = HttpFields::in_body;
  // Bit i: field i of the outermost record is bound already. It is neither demanded nor read; in the body it is
  // unknown.
  std::uint64_t bound = 0;
  std::size_t depth_max = depth_limit;  // levels, 1 to depth_limit
  std::size_t bytes_max = bytes_limit;  // bytes
};

struct WriteRules {
  HttpFields http_fields = HttpFields::in_body;
  // Bit i: field i of the outermost record is not written.
  std::uint64_t bound = 0;
};

}  // namespace tutti::message
