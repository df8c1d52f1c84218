// Header fields as views into the caller's buffer: a fixed array in order of arrival, and for the names that
// servers and clients ask for on every message an index, so that a lookup is one load. Nothing is allocated.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tutti::wire::http1 {

// Edit together with the table of names in fields.cpp (same order, lower case).
enum class Known : std::uint8_t {
  accept,
  accept_encoding,
  access_control_request_headers,
  access_control_request_method,
  allow,
  authorization,
  cache_control,
  connection,
  content_disposition,
  content_encoding,
  content_length,
  content_type,
  cookie,
  date,
  etag,
  expect,
  forwarded,
  host,
  idempotency_key,
  if_match,
  if_modified_since,
  if_none_match,
  last_event_id,
  location,
  origin,
  range,
  retry_after,
  server,
  set_cookie,
  traceparent,
  tracestate,
  trailer,
  transfer_encoding,
  tutti_timeout_ms,
  upgrade,
  user_agent,
  www_authenticate,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_request_id,
  other,  // not in the table; last
};
inline constexpr std::size_t known_count = static_cast<std::size_t>(Known::other);

[[nodiscard]] Known known_of(std::string_view name) noexcept;
[[nodiscard]] std::string_view name_of(Known known) noexcept;  // lower case; "" for other

struct Field {
  std::string_view name;   // as sent
  std::string_view value;  // without the whitespace around it
  Known known = Known::other;
};

class Fields {
 public:
  static constexpr std::size_t capacity = 100;

  Fields() { clear(); }
  void clear() noexcept;
  // False if the array is full.
  [[nodiscard]] bool add(std::string_view name, std::string_view value) noexcept;

  [[nodiscard]] std::span<const Field> list() const noexcept { return {list_.data(), count_}; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool has(Known known) const noexcept { return first_[static_cast<std::size_t>(known)] != none; }
  // More than one field of that name.
  [[nodiscard]] bool repeated(Known known) const noexcept {
    return (repeated_ >> static_cast<unsigned>(known) & 1) != 0;
  }
  // The first one's value; empty if there is none (has() tells an empty value from none).
  [[nodiscard]] std::string_view get(Known known) const noexcept {
    const std::uint8_t at = first_[static_cast<std::size_t>(known)];
    return at == none ? std::string_view() : list_[at].value;
  }
  // By any name, ignoring case; null if there is none.
  [[nodiscard]] const Field* find(std::string_view name) const noexcept;

  // The buffer that the views look into has moved.
  void rebase(const char* from, const char* to) noexcept;

 private:
  static constexpr std::uint8_t none = 0xff;
  static_assert(capacity < none && known_count < 64);

  std::array<Field, capacity> list_;
  std::array<std::uint8_t, known_count> first_;
  std::uint64_t repeated_ = 0;
  std::size_t count_ = 0;
};

// A view after its buffer has moved from one place to another. The old place may be freed already.
[[nodiscard]] std::string_view rebased(std::string_view view, const char* from, const char* to) noexcept;

}  // namespace tutti::wire::http1
