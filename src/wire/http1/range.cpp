#include "wire/http1/range.hpp"

#include <algorithm>
#include <optional>

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {
namespace {

// 1*DIGIT; what is over 64 bits is behind every end. Nothing if it is no number.
std::optional<std::uint64_t> position(std::string_view text) noexcept {
  if (text.empty() || !all(text, character::digit)) return std::nullopt;
  return parse_decimal(text).value_or(UINT64_MAX);
}

enum class Read : std::uint8_t { satisfiable, behind_the_end, malformed };

// "0-499", "500-", "-500" (the last 500).
Read read_range(std::string_view text, std::uint64_t size, ByteRange& range) noexcept {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return Read::malformed;
  const std::string_view after = text.substr(dash + 1);
  if (dash == 0) {
    const auto suffix = position(after);
    if (!suffix) return Read::malformed;
    if (*suffix == 0 || size == 0) return Read::behind_the_end;
    range = {size - std::min(*suffix, size), size - 1};
    return Read::satisfiable;
  }
  const auto first = position(text.substr(0, dash));
  const auto last = after.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : position(after);
  if (!first || !last || *last < *first) return Read::malformed;
  if (*first >= size) return Read::behind_the_end;
  range = {*first, std::min(*last, size - 1)};
  return Read::satisfiable;
}

}  // namespace

Ranges parse_ranges(std::string_view field, std::uint64_t size) {
  const std::size_t equals = field.find('=');
  if (equals == std::string_view::npos || !equal_ignoring_case(trim(field.substr(0, equals)), "bytes")) return {};
  std::string_view rest = field.substr(equals + 1);
  std::string_view member;
  Ranges ranges;
  std::size_t asked = 0;
  std::uint64_t bytes = 0;
  while (next_member(rest, member)) {
    if (++asked > ranges_max) return {};
    ByteRange range;
    switch (read_range(member, size, range)) {
      case Read::malformed:
        return {};
      case Read::behind_the_end:
        continue;
      case Read::satisfiable:
        break;
    }
    if (range.bytes() > size - bytes) return {};
    bytes += range.bytes();
    ranges.list.push_back(range);
  }
  if (asked == 0) return {};
  ranges.kind = ranges.list.empty() ? Ranges::Kind::unsatisfiable : Ranges::Kind::parts;
  return ranges;
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" + std::to_string(size);
}

std::string content_range_of_none(std::uint64_t size) { return "bytes */" + std::to_string(size); }

}  // namespace tutti::wire::http1
