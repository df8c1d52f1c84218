#include "wire/msgpack_rpc/pack.hpp"

#include <array>

namespace tutti::wire::msgpack_rpc {
namespace {

void append_big_endian(std::string& out, std::uint64_t number, int bytes) {
  char text[8];
  for (int i = 0; i < bytes; ++i) text[i] = static_cast<char>(number >> (8 * (bytes - 1 - i)));
  out.append(text, static_cast<std::size_t>(bytes));
}

void append_byte(std::string& out, unsigned byte) { out.push_back(static_cast<char>(byte)); }

std::uint64_t read_big_endian(std::string_view data, std::size_t at, std::size_t bytes) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) number = number << 8 | static_cast<unsigned char>(data[at + i]);
  return number;
}

}  // namespace

void append_nil(std::string& out) { append_byte(out, 0xc0); }

char* put_unsigned(char* at, std::uint64_t number) noexcept {
  if (number < 0x80) {
    *at++ = static_cast<char>(number);
    return at;
  }
  const int width = number <= 0xff ? 0 : number <= 0xffff ? 1 : number <= 0xffffffff ? 2 : 3;
  *at++ = static_cast<char>(0xcc + width);
  for (int shift = (8 << width) - 8; shift >= 0; shift -= 8) *at++ = static_cast<char>(number >> shift);
  return at;
}

void append_unsigned(std::string& out, std::uint64_t number) {
  char bytes[unsigned_bytes_max];
  out.append(bytes, put_unsigned(bytes, number));
}

void append_text(std::string& out, std::string_view text) {
  if (text.size() < 32) {
    append_byte(out, 0xa0 | static_cast<unsigned>(text.size()));
  } else if (text.size() <= 0xff) {
    append_byte(out, 0xd9);
    append_big_endian(out, text.size(), 1);
  } else if (text.size() <= 0xffff) {
    append_byte(out, 0xda);
    append_big_endian(out, text.size(), 2);
  } else {
    append_byte(out, 0xdb);
    append_big_endian(out, text.size(), 4);
  }
  out.append(text);
}

void append_array(std::string& out, std::uint32_t elements) {
  if (elements < 16) {
    append_byte(out, 0x90 | elements);
  } else if (elements <= 0xffff) {
    append_byte(out, 0xdc);
    append_big_endian(out, elements, 2);
  } else {
    append_byte(out, 0xdd);
    append_big_endian(out, elements, 4);
  }
}

void append_map(std::string& out, std::uint32_t pairs) {
  if (pairs < 16) {
    append_byte(out, 0x80 | pairs);
  } else if (pairs <= 0xffff) {
    append_byte(out, 0xde);
    append_big_endian(out, pairs, 2);
  } else {
    append_byte(out, 0xdf);
    append_big_endian(out, pairs, 4);
  }
}

namespace detail {

namespace {

constexpr ShortHead short_head(unsigned first) {
  using Kind = Head::Kind;
  const auto byte = [](unsigned number) { return static_cast<std::uint8_t>(number); };
  if (first < 0x80 || first >= 0xe0) return {Kind::integer, true, 0, 0};
  if (first < 0x90) return {Kind::map, true, 0, byte(2u * (first & 0x0fu))};
  if (first < 0xa0) return {Kind::array, true, 0, byte(first & 0x0fu)};
  if (first < 0xc0) return {Kind::text, true, byte(first & 0x1fu), 0};
  if (first == 0xc0) return {Kind::nil, true, 0, 0};
  if (first == 0xc2 || first == 0xc3) return {Kind::boolean, true, 0, 0};
  if (first == 0xca || first == 0xcb) return {Kind::floating, true, byte(4u << (first - 0xcau)), 0};
  if (first >= 0xcc && first <= 0xcf) return {Kind::integer, true, byte(1u << (first - 0xccu)), 0};
  if (first >= 0xd0 && first <= 0xd3) return {Kind::integer, true, byte(1u << (first - 0xd0u)), 0};
  if (first >= 0xd4 && first <= 0xd8) return {Kind::extension, true, byte(1u + (1u << (first - 0xd4u))), 0};
  return {};
}

}  // namespace

constexpr std::array<ShortHead, 256> short_heads = [] {
  std::array<ShortHead, 256> table;
  for (unsigned first = 0; first < table.size(); ++first) table[first] = short_head(first);
  return table;
}();

HeadState read_long_head(std::string_view data, Head& head) noexcept {
  // A length of `width` bytes behind the first one.
  const auto sized = [&](Head::Kind kind, std::size_t width, std::uint64_t extra, std::uint64_t per_element) {
    if (data.size() < 1 + width) return HeadState::incomplete;
    const std::uint64_t length = read_big_endian(data, 1, width);
    head = per_element == 0 ? Head{kind, 1 + width, length + extra, 0} : Head{kind, 1 + width, 0, length * per_element};
    return HeadState::complete;
  };
  using Kind = Head::Kind;
  switch (static_cast<unsigned char>(data[0])) {
    case 0xc4:
      return sized(Kind::binary, 1, 0, 0);
    case 0xc5:
      return sized(Kind::binary, 2, 0, 0);
    case 0xc6:
      return sized(Kind::binary, 4, 0, 0);
    case 0xc7:
      return sized(Kind::extension, 1, 1, 0);
    case 0xc8:
      return sized(Kind::extension, 2, 1, 0);
    case 0xc9:
      return sized(Kind::extension, 4, 1, 0);
    case 0xd9:
      return sized(Kind::text, 1, 0, 0);
    case 0xda:
      return sized(Kind::text, 2, 0, 0);
    case 0xdb:
      return sized(Kind::text, 4, 0, 0);
    case 0xdc:
      return sized(Kind::array, 2, 0, 1);
    case 0xdd:
      return sized(Kind::array, 4, 0, 1);
    case 0xde:
      return sized(Kind::map, 2, 0, 2);
    case 0xdf:
      return sized(Kind::map, 4, 0, 2);
    default:
      return HeadState::bad;  // 0xc1, never used
  }
}

}  // namespace detail

std::optional<Head> Cursor::peek(Head::Kind kind) const noexcept {
  Head head;
  if (read_head(rest_, head) != HeadState::complete || head.kind != kind) return std::nullopt;
  if (head.payload > rest_.size() - head.bytes) return std::nullopt;
  return head;
}

std::optional<std::uint64_t> Cursor::long_unsigned_number() noexcept {
  const auto head = peek(Head::Kind::integer);
  if (!head) return std::nullopt;
  const auto first = static_cast<unsigned char>(rest_[0]);
  if (first >= 0xe0) return std::nullopt;  // negative
  std::uint64_t number = first;
  if (first >= 0x80) {
    number = read_big_endian(rest_, 1, static_cast<std::size_t>(head->payload));
    // The signed formats may carry a number that is not negative.
    if (first >= 0xd0 && (number >> (8 * head->payload - 1) & 1) != 0) return std::nullopt;
  }
  rest_.remove_prefix(head->bytes + static_cast<std::size_t>(head->payload));
  return number;
}

std::optional<std::string_view> Cursor::long_text() noexcept {
  const auto head = peek(Head::Kind::text);
  if (!head) return std::nullopt;
  const std::string_view text = rest_.substr(head->bytes, static_cast<std::size_t>(head->payload));
  rest_.remove_prefix(head->bytes + text.size());
  return text;
}

std::optional<std::uint64_t> Cursor::long_array() noexcept {
  const auto head = peek(Head::Kind::array);
  if (!head) return std::nullopt;
  rest_.remove_prefix(head->bytes);
  return head->elements;
}

std::optional<std::uint64_t> Cursor::long_map() noexcept {
  const auto head = peek(Head::Kind::map);
  if (!head) return std::nullopt;
  rest_.remove_prefix(head->bytes);
  return head->elements / 2;
}

std::optional<std::string_view> Cursor::value() noexcept {
  std::array<std::uint64_t, depth_max> left;  // elements to come, by depth
  std::size_t depth = 0;
  std::string_view rest = rest_;
  for (;;) {
    Head head;
    if (read_head(rest, head) != HeadState::complete) return std::nullopt;
    rest.remove_prefix(head.bytes);
    if (head.payload > rest.size() || head.elements > rest.size())
      return std::nullopt;  // an element has a byte at least
    rest.remove_prefix(static_cast<std::size_t>(head.payload));
    if (head.elements != 0) {
      if (depth == depth_max) return std::nullopt;
      left[depth++] = head.elements;
      continue;
    }
    while (depth != 0 && --left[depth - 1] == 0) --depth;
    if (depth == 0) break;
  }
  const std::string_view whole = rest_.substr(0, rest_.size() - rest.size());
  rest_ = rest;
  return whole;
}

}  // namespace tutti::wire::msgpack_rpc
