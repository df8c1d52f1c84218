// A name and a value that tell more about a log line or a span: {"order.id", id}, {"amount_minor", 1250}.
// Names follow OpenTelemetry's semantic conventions. It only refers to its text: it lives as long as the call it is
// given to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace tutti {

class AttributeValue {
 public:
  enum class Kind : std::uint8_t { text, integer, natural, number, flag };

  constexpr AttributeValue(std::string_view text) noexcept : kind_(Kind::text), text_(text) {}
  constexpr AttributeValue(const char* text) noexcept : kind_(Kind::text), text_(text) {}
  AttributeValue(const std::string& text) noexcept : kind_(Kind::text), text_(text) {}
  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
  constexpr AttributeValue(T value) noexcept : kind_(kind_of<T>()), natural_(0) {
    if constexpr (std::is_same_v<T, bool>) {
      flag_ = value;
    } else if constexpr (std::is_floating_point_v<T>) {
      number_ = static_cast<double>(value);
    } else if constexpr (std::is_signed_v<T>) {
      integer_ = value;
    } else {
      natural_ = value;
    }
  }

  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  // Each may be asked only for its own kind.
  [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }
  [[nodiscard]] constexpr std::int64_t integer() const noexcept { return integer_; }
  [[nodiscard]] constexpr std::uint64_t natural() const noexcept { return natural_; }
  [[nodiscard]] constexpr double number() const noexcept { return number_; }
  [[nodiscard]] constexpr bool flag() const noexcept { return flag_; }

 private:
  template <class T>
  static constexpr Kind kind_of() noexcept {
    if constexpr (std::is_same_v<T, bool>) return Kind::flag;
    if constexpr (std::is_floating_point_v<T>) return Kind::number;
    return std::is_signed_v<T> ? Kind::integer : Kind::natural;
  }

  Kind kind_;
  union {
    std::string_view text_;
    std::int64_t integer_;
    std::uint64_t natural_;
    double number_;
    bool flag_;
  };
};

struct Attribute {
  std::string_view name;
  AttributeValue value;
};

}  // namespace tutti
