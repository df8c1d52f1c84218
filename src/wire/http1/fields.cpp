#include "wire/http1/fields.hpp"

#include <cstring>

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {
namespace {

constexpr std::array<std::string_view, known_count> names = {
    "accept",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "allow",
    "authorization",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "forwarded",
    "host",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "last-event-id",
    "location",
    "origin",
    "range",
    "retry-after",
    "server",
    "set-cookie",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "tutti-timeout-ms",
    "upgrade",
    "user-agent",
    "www-authenticate",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
};

constexpr std::size_t longest = 31;
constexpr std::size_t per_length = 8;

// For each length the names of that length.
struct ByLength {
  std::array<std::array<std::uint8_t, per_length>, longest + 1> names{};
  std::array<std::uint8_t, longest + 1> count{};
};
constexpr ByLength by_length = [] {
  ByLength t;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t length = names[i].size();
    t.names[length][t.count[length]++] = static_cast<std::uint8_t>(i);
  }
  return t;
}();

// `name` consists of token characters and `known` of lower case letters and '-': on those, setting bit 5 maps upper
// to lower case and nothing else onto a letter or '-'. Eight bytes at a time, the last eight overlapping.
bool same(const char* name, const char* known, std::size_t size) noexcept {
  constexpr std::uint64_t bit5 = 0x2020202020202020;
  const auto differ = [](const char* a, const char* b) {
    std::uint64_t x;
    std::uint64_t y;
    std::memcpy(&x, a, 8);
    std::memcpy(&y, b, 8);
    return (x | bit5) != y;
  };
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 <= size; i += 8) {
      if (differ(name + i, known + i)) return false;
    }
    return !differ(name + size - 8, known + size - 8);
  }
  for (std::size_t i = 0; i < size; ++i) {
    if ((name[i] | 0x20) != known[i]) return false;
  }
  return true;
}

}  // namespace

Known known_of(std::string_view name) noexcept {
  if (name.size() > longest) return Known::other;
  const std::uint8_t count = by_length.count[name.size()];
  for (std::uint8_t i = 0; i < count; ++i) {
    const std::uint8_t candidate = by_length.names[name.size()][i];
    if (same(name.data(), names[candidate].data(), name.size())) return static_cast<Known>(candidate);
  }
  return Known::other;
}

std::string_view name_of(Known known) noexcept {
  return known == Known::other ? std::string_view() : names[static_cast<std::size_t>(known)];
}

void Fields::clear() noexcept {
  first_.fill(none);
  repeated_ = 0;
  count_ = 0;
}

bool Fields::add(std::string_view name, std::string_view value) noexcept {
  if (count_ == capacity) return false;
  const Known known = known_of(name);
  if (known != Known::other) {
    std::uint8_t& first = first_[static_cast<std::size_t>(known)];
    if (first == none) {
      first = static_cast<std::uint8_t>(count_);
    } else {
      repeated_ |= std::uint64_t{1} << static_cast<unsigned>(known);
    }
  }
  list_[count_++] = {name, value, known};
  return true;
}

const Field* Fields::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    if (equal_ignoring_case(list_[i].name, name)) return &list_[i];
  }
  return nullptr;
}

void Fields::rebase(const char* from, const char* to) noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    list_[i].name = rebased(list_[i].name, from, to);
    list_[i].value = rebased(list_[i].value, from, to);
  }
}

std::string_view rebased(std::string_view view, const char* from, const char* to) noexcept {
  if (view.data() == nullptr) return view;
  // On integers: `from` may no longer point to anything.
  const auto offset = reinterpret_cast<std::uintptr_t>(view.data()) - reinterpret_cast<std::uintptr_t>(from);
  return {to + offset, view.size()};
}

}  // namespace tutti::wire::http1
