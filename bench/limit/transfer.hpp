// The download of the benchmarks: 50 MB in pieces of 64 KiB, the same for the raw server and the service.
#pragma once

#include <cstddef>

namespace bench {

inline constexpr std::size_t piece_bytes = 64 * 1024;
inline constexpr std::size_t transfer_pieces = 800;  // 52,428,800 bytes

}  // namespace bench
