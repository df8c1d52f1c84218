// Text with bounds of its length in code points, and text that matches a pattern, as fields of a message:
// Text<1, 40>, Pattern<"[a-z0-9-]{1,32}">. Both are std::string in everything else; the rule is checked
// where a message enters or leaves a service, with the path of the field, not at each assignment.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tutti {

template <std::size_t Min, std::size_t Max = static_cast<std::size_t>(-1)>
class Text : public std::string {
  static_assert(Min <= Max, "tutti: a Text needs its shortest length first");

 public:
  static constexpr std::size_t length_min = Min;
  static constexpr std::size_t length_max = Max;

  Text() = default;
  Text(std::string text) noexcept : std::string(std::move(text)) {}
  Text(const char* text) : std::string(text) {}
  explicit Text(std::string_view text) : std::string(text) {}
};

// A literal as a template argument.
template <std::size_t Size>
struct Literal {
  char text[Size] = {};

  constexpr Literal(const char (&literal)[Size]) noexcept {
    for (std::size_t i = 0; i < Size; ++i) text[i] = literal[i];
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, Size - 1}; }
};

// RE2's syntax; the whole value must match.
template <Literal Expression>
class Pattern : public std::string {
 public:
  static constexpr std::string_view expression = Expression.view();

  Pattern() = default;
  Pattern(std::string text) noexcept : std::string(std::move(text)) {}
  Pattern(const char* text) : std::string(text) {}
  explicit Pattern(std::string_view text) : std::string(text) {}
};

// A password, key or token: a std::string that is printed as "***" wherever the library prints it.
class Secret : public std::string {
 public:
  Secret() = default;
  Secret(std::string text) noexcept : std::string(std::move(text)) {}
  Secret(const char* text) : std::string(text) {}

  template <class Stream>
  requires requires(Stream& stream) { stream << "***"; }
  friend Stream& operator<<(Stream& stream, const Secret&) {
    stream << "***";
    return stream;
  }
};

}  // namespace tutti
