// W3C Trace Context (level 1): `traceparent` says which trace a request belongs to and which span caused it,
// `tracestate` carries what tracing systems add. What is malformed is ignored and a new trace begins: tracing
// never fails a request.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::wire {

struct TraceParent {
  std::array<std::uint8_t, 16> trace{};  // not all zero
  std::array<std::uint8_t, 8> span{};    // not all zero
  std::uint8_t flags = 0;                // bits; 1: sampled

  static constexpr std::uint8_t sampled = 1;
  friend bool operator==(const TraceParent&, const TraceParent&) = default;
};

// Any version but ff is read by the rules of 00; a version 00 has exactly 55 characters.
[[nodiscard]] std::optional<TraceParent> parse_traceparent(std::string_view text) noexcept;
// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
void append_traceparent(std::string& out, const TraceParent& parent);
[[nodiscard]] std::string to_string(const TraceParent& parent);

inline constexpr std::size_t tracestate_members_max = 32;
inline constexpr std::size_t tracestate_bytes_max = 512;

// Whether a tracestate may be passed on: at most 32 members, valid keys and values, no key twice, 512 bytes.
[[nodiscard]] bool is_tracestate(std::string_view text) noexcept;
// Ours leftmost, then what came in without an older member of ours; the rightmost members fall off over a limit.
// A key or value that is not valid leaves `incoming` as it is.
[[nodiscard]] std::string tracestate_with(std::string_view key, std::string_view value, std::string_view incoming);

}  // namespace tutti::wire
