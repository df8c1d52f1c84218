// As much of MessagePack as the framing of calls needs: writing maps of texts and numbers, and walking over values
// without building them. Messages themselves are read and written by src/message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::wire::msgpack_rpc {

void append_nil(std::string& out);
void append_unsigned(std::string& out, std::uint64_t number);
// The same at a place that has room; the end.
inline constexpr std::size_t unsigned_bytes_max = 9;
char* put_unsigned(char* at, std::uint64_t number) noexcept;
void append_text(std::string& out, std::string_view text);
void append_array(std::string& out, std::uint32_t elements);  // the head; the elements follow
void append_map(std::string& out, std::uint32_t pairs);

// The first bytes of a value: what it is and how long. The MessagePack specification, section "Formats".
struct Head {
  enum class Kind : std::uint8_t {
    nil,
    boolean,
    integer,
    floating,
    text,
    binary,
    array,
    map,
    extension
  } kind = Kind::nil;
  std::size_t bytes = 0;       // of the head itself
  std::uint64_t payload = 0;   // bytes behind the head
  std::uint64_t elements = 0;  // values behind the head (a map counts keys and values)
};
enum class HeadState : std::uint8_t { complete, incomplete, bad };

namespace detail {

// The heads of one byte, which nearly all are; `known` is false for those that have a length behind it, and for 0xc1.
struct ShortHead {
  Head::Kind kind = Head::Kind::nil;
  bool known = false;
  std::uint8_t payload = 0;
  std::uint8_t elements = 0;
};
extern const std::array<ShortHead, 256> short_heads;
[[nodiscard]] HeadState read_long_head(std::string_view data, Head& head) noexcept;

}  // namespace detail

[[nodiscard]] inline HeadState read_head(std::string_view data, Head& head) noexcept {
  if (data.empty()) return HeadState::incomplete;
  const detail::ShortHead& known = detail::short_heads[static_cast<unsigned char>(data[0])];
  if (!known.known) return detail::read_long_head(data, head);
  head = {known.kind, 1, known.payload, known.elements};
  return HeadState::complete;
}

// Walks values one after the other; each function says nothing (and moves not) if the next value is another thing.
class Cursor {
 public:
  static constexpr std::size_t depth_max = 64;

  explicit Cursor(std::string_view data) : rest_(data) {}

  [[nodiscard]] std::optional<std::uint64_t> unsigned_number() noexcept {
    if (first() >= 0x80) return long_unsigned_number();
    const std::uint64_t number = first();
    rest_.remove_prefix(1);
    return number;
  }
  [[nodiscard]] std::optional<std::string_view> text() noexcept {
    const std::size_t size = first() & 0x1fu;
    if ((first() & 0xe0u) != 0xa0 || rest_.size() <= size) return long_text();
    const std::string_view text = rest_.substr(1, size);
    rest_.remove_prefix(1 + size);
    return text;
  }
  [[nodiscard]] std::optional<std::uint64_t> array() noexcept {  // moves behind the head
    if ((first() & 0xf0u) != 0x90) return long_array();
    const std::uint64_t elements = first() & 0x0fu;
    rest_.remove_prefix(1);
    return elements;
  }
  [[nodiscard]] std::optional<std::uint64_t> map() noexcept {
    if ((first() & 0xf0u) != 0x80) return long_map();
    const std::uint64_t pairs = first() & 0x0fu;
    rest_.remove_prefix(1);
    return pairs;
  }
  [[nodiscard]] bool nil() noexcept {
    if (first() != 0xc0) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // A whole value as bytes, whatever it is; nothing if it is malformed, cut off or too deep.
  [[nodiscard]] std::optional<std::string_view> value() noexcept;

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  // At the end the one byte that is never used.
  [[nodiscard]] unsigned first() const noexcept { return rest_.empty() ? 0xc1 : static_cast<unsigned char>(rest_[0]); }
  [[nodiscard]] std::optional<Head> peek(Head::Kind kind) const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> long_unsigned_number() noexcept;
  [[nodiscard]] std::optional<std::string_view> long_text() noexcept;
  [[nodiscard]] std::optional<std::uint64_t> long_array() noexcept;
  [[nodiscard]] std::optional<std::uint64_t> long_map() noexcept;

  std::string_view rest_;
};

}  // namespace tutti::wire::msgpack_rpc
