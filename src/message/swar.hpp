// Eight bytes looked at in one word. A mask has the high bit of each byte set where the question is answered by yes;
// its lowest set byte is exact, those above it may be false, so ask for first() only.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace tutti::message::swar {

static_assert(std::endian::native == std::endian::little, "the first byte of a text must be the lowest of the word");

inline constexpr std::uint64_t ones = 0x0101010101010101;
inline constexpr std::uint64_t high_bits = 0x8080808080808080;

inline std::uint64_t load(const char* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

constexpr std::uint64_t equal(std::uint64_t word, char c) noexcept {
  const std::uint64_t zero_where_equal = word ^ (ones * static_cast<unsigned char>(c));
  return (zero_where_equal - ones) & ~zero_where_equal & high_bits;
}

constexpr std::uint64_t below(std::uint64_t word, unsigned char limit) noexcept {
  return (word - ones * limit) & ~word & high_bits;
}

// Whether two short texts of one size are equal. A call of memcmp costs more than comparing a key.
inline bool same(const char* a, const char* b, std::size_t size) noexcept {
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      if (load(a + i) != load(b + i)) return false;
    }
    return load(a + size - 8) == load(b + size - 8);
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

// A text that is looked for again and again at the start of others: its first eight bytes as a word.
class Pattern {
 public:
  Pattern() = default;
  explicit Pattern(std::string text) : text_(std::move(text)) {
    const std::size_t in_word = std::min<std::size_t>(text_.size(), sizeof word_);
    std::memcpy(&word_, text_.data(), in_word);
    std::memset(&mask_, 0xff, in_word);
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::size_t size() const noexcept { return text_.size(); }
  // Whether the `left` bytes at `at` start with it.
  [[nodiscard]] bool starts(const char* at, std::size_t left) const noexcept {
    const std::size_t size = text_.size();
    if (left < sizeof word_) return left >= size && std::memcmp(at, text_.data(), size) == 0;
    if (((load(at) ^ word_) & mask_) != 0) return false;
    return size <= sizeof word_ || (left >= size && same(at, text_.data(), size));
  }

 private:
  std::string text_;
  std::uint64_t word_ = 0;
  std::uint64_t mask_ = 0;
};

// Up to seven bytes as the low ones of a word, the others zero; reads nothing behind them.
inline std::uint64_t load_short(const char* at, std::size_t size) noexcept {
  if (size >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, at, 4);
    std::memcpy(&last, at + size - 4, 4);
    return first | std::uint64_t{last} << (8 * (size - 4));
  }
  if (size == 0) return 0;
  const auto byte = [at](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i); };
  return byte(0) | byte(size / 2) | byte(size - 1);
}

// As memcpy, which costs more than copying a key.
inline void copy(char* to, const char* from, std::size_t size) noexcept {
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {
    const std::uint64_t first = load(from);
    const std::uint64_t last = load(from + size - 8);
    std::memcpy(to, &first, 8);
    std::memcpy(to + size - 8, &last, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
  }
}

// A quote, a backslash or a control character.
constexpr std::uint64_t json_special(std::uint64_t word) noexcept {
  return equal(word, '"') | equal(word, '\\') | below(word, 0x20);
}

constexpr std::size_t first(std::uint64_t mask) noexcept {
  return static_cast<std::size_t>(std::countr_zero(mask)) / 8;
}

}  // namespace tutti::message::swar
