// What travels beside a call: the map that a request carries as its fifth element once both sides have said
// tutti.hello. Unknown keys are skipped, so that it can grow. The keys are listed in docs/reference/wire.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::wire::msgpack_rpc {

// Views into the message.
struct Metadata {
  // The deadline as what remains of it when the message leaves: clocks of two machines differ.
  std::optional<std::chrono::milliseconds> remaining = {};  // "deadline_ms"
  std::string_view traceparent = {};                        // "traceparent"
  std::string_view tracestate = {};                         // "tracestate"
  std::string_view identity = {};       // "identity": the calling service; believed only from a peer that proved itself
  std::string_view authorization = {};  // "authorization": as HTTP's header
  std::string_view idempotency_key = {};  // "idempotency_key"
  std::string_view request_id = {};       // "request_id"

  friend bool operator==(const Metadata&, const Metadata&) = default;
};

inline constexpr std::size_t metadata_text_bytes_max = 8 * 1024;  // of one value
inline constexpr std::size_t metadata_pairs_max = 64;

// Writes the map: only keys that have a value.
void append_metadata(std::string& out, const Metadata& metadata);

struct MetadataResult {
  Metadata metadata = {};
  std::string_view fault = {};  // empty: fine
};
[[nodiscard]] MetadataResult parse_metadata(std::string_view map) noexcept;

}  // namespace tutti::wire::msgpack_rpc
