// Ranges of bytes (RFC 9110 section 14): a client asks for a part of what it would get, to go on with a download or to
// look into a long file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::wire::http1 {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // of the range itself

  [[nodiscard]] std::uint64_t bytes() const noexcept { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// More ranges than this are not worth their boundaries, and many small ones are a known attack (RFC 9110
// section 17.15).
inline constexpr std::size_t ranges_max = 16;

struct Ranges {
  enum class Kind : std::uint8_t {
    whole,          // no part is asked for in a way that we answer: 200 with everything
    parts,          // 206
    unsatisfiable,  // 416: all of them begin behind the end
  } kind = Kind::whole;
  std::vector<ByteRange> list = {};  // in the order asked for; those behind the end are left out
};

// The field's value for a representation of `size` bytes. Another unit, a malformed range, more than ranges_max, or
// ranges that together are longer than the whole: everything is sent, as section 14.2 allows.
[[nodiscard]] Ranges parse_ranges(std::string_view field, std::uint64_t size);

[[nodiscard]] std::string content_range(const ByteRange& range, std::uint64_t size);  // "bytes 0-4/10"
[[nodiscard]] std::string content_range_of_none(std::uint64_t size);                  // "bytes */10", with 416

}  // namespace tutti::wire::http1
