// The elementary types of AMQP 0-9-1 (section 4.2.5): numbers in network order, short strings with one byte of length,
// long strings with four. Reading moves through a view and never past its end; writing appends.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::wire::amqp {

inline constexpr std::size_t shortstr_bytes_max = 255;

// The number at `at`, which has that many bytes.
template <std::unsigned_integral Number>
[[nodiscard]] constexpr Number load(const char* at) noexcept {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number = static_cast<Number>(number << 8 | static_cast<unsigned char>(at[i]));
  }
  return number;
}

template <std::unsigned_integral Number>
constexpr void store(char* at, Number number) noexcept {
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    at[i] = static_cast<char>(number >> 8 * (sizeof(Number) - 1 - i));
  }
}

template <std::unsigned_integral Number>
void append_number(std::string& out, Number number) {
  char bytes[sizeof(Number)];
  store(bytes, number);
  out.append(bytes, sizeof(bytes));
}

// Throws std::length_error over shortstr_bytes_max: who writes has to look before.
void append_shortstr(std::string& out, std::string_view text);
// Throws std::length_error over 4 GiB.
void append_longstr(std::string& out, std::string_view bytes);

// Once something was missing it stays `failed`, and all that is read is empty or 0: looked at once, at the end.
class Reader {
 public:
  explicit Reader(std::string_view data) noexcept : at_(data.data()), end_(data.data() + data.size()) {}

  template <std::unsigned_integral Number>
  [[nodiscard]] Number number() noexcept {
    if (left() < sizeof(Number)) return fail(), Number{0};
    const Number number = load<Number>(at_);
    at_ += sizeof(Number);
    return number;
  }
  [[nodiscard]] std::string_view bytes(std::size_t size) noexcept {
    if (left() < size) return fail(), std::string_view();
    const std::string_view bytes(at_, size);
    at_ += size;
    return bytes;
  }
  [[nodiscard]] std::string_view shortstr() noexcept { return bytes(number<std::uint8_t>()); }
  [[nodiscard]] std::string_view longstr() noexcept { return bytes(number<std::uint32_t>()); }

  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] std::string_view rest() const noexcept { return {at_, left()}; }
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  void fail() noexcept {
    failed_ = true;
    at_ = end_;
  }

  const char* at_;
  const char* end_;
  bool failed_ = false;
};

}  // namespace tutti::wire::amqp
