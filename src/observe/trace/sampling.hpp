// Which traces are kept. The decision is made once, where a trace begins, and follows from its id, so everything else
// that samples by trace (the access log) keeps the same ones.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include <tutti/trace.hpp>

namespace tutti::observe {

// A ratio (0 to 1) as a threshold for the last seven bytes of a trace id, which are random (W3C Trace Context level 2,
// section 5.1). Anything outside is taken as the nearer end.
[[nodiscard]] constexpr std::uint64_t sampling_threshold(double ratio) noexcept {
  constexpr std::uint64_t all = std::uint64_t{1} << 56;
  if (!(ratio > 0)) return 0;
  return ratio >= 1 ? all : static_cast<std::uint64_t>(ratio * static_cast<double>(all));
}

[[nodiscard]] inline bool within(std::uint64_t threshold, const TraceContext& trace) noexcept {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t last;
  std::memcpy(&last, trace.trace_id.data() + 8, sizeof last);
  return (__builtin_bswap64(last) & 0x00ff'ffff'ffff'ffff) < threshold;
}

}  // namespace tutti::observe
