// FNV-1a with 64 bits: tells texts apart that differ by accident. Not against somebody who looks for a collision.
#pragma once

#include <cstdint>
#include <string_view>

namespace tutti::database {

[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

}  // namespace tutti::database
