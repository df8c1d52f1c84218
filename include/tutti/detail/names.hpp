// Names of types, fields and enumerators as compile-time text, read out of __PRETTY_FUNCTION__.
// g++ writes "[with T = ns::Type]" and "E ...V = {ns::Color::red, (ns::Color)7}", clang "[T = ns::Type]" and
// "V = <ns::Color::red, (ns::Color)7>". The functions return auto so that g++ does not append what a
// typedef in the signature stands for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tutti::detail {

constexpr bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The identifier at the end of `text`, after dropping what closes brackets.
constexpr std::string_view last_name(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0 && !is_name_character(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_name_character(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

template <class T>
constexpr auto type_text() {
  const std::string_view text = __PRETTY_FUNCTION__;
  const std::size_t begin = text.find("T = ") + 4;
  return text.substr(begin, text.size() - 1 - begin);
}

template <auto* Member>
constexpr auto member_name() {
  return last_name(__PRETTY_FUNCTION__);
}

// Without namespaces, template arguments joined: "v2::Page<catalog::Product>" is "PageOfProduct".
template <std::size_t Size>
struct NameBuffer {
  char text[Size] = {};
  std::size_t size = 0;

  constexpr std::string_view view() const { return {text, size}; }
};

template <std::size_t Size>
constexpr void join_type_name(std::string_view text, NameBuffer<Size>& out) {
  std::size_t level_start = 0;  // where the name at the current level starts in `out`
  bool capital = false;
  int parentheses = 0;
  const auto put = [&out](std::string_view word) {
    for (const char c : word) out.text[out.size++] = c;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(' || c == '{') ++parentheses;
    if (c == ')' || c == '}') --parentheses;
    if (parentheses > 0 || c == ')' || c == '}') continue;
    if (c == ':') {
      out.size = level_start;
    } else if (c == '<' || c == ',') {
      const std::string_view name(out.text + level_start, out.size - level_start);
      if (c == '<' && (name == "basic_string" || name == "Basic_string")) {
        out.size = level_start;
        put("String");
        for (int depth = 0; i < text.size(); ++i) {
          depth += text[i] == '<' ? 1 : text[i] == '>' ? -1 : 0;
          if (depth == 0) break;
        }
        continue;
      }
      put(c == '<' ? "Of" : "And");
      level_start = out.size;
      capital = true;
      continue;
    } else if (is_name_character(c)) {
      const bool lower = c >= 'a' && c <= 'z';
      const bool starts = out.size == level_start;
      out.text[out.size++] = capital && starts && lower ? static_cast<char>(c - 'a' + 'A') : c;
    } else if (c == '-') {
      put("Minus");
    }
  }
}

template <class T>
struct TypeName {
  static constexpr auto buffer = [] {
    constexpr std::size_t size = type_text<T>().size() * 2 + 8;
    NameBuffer<size> out;
    join_type_name(type_text<T>(), out);
    return out;
  }();
  static constexpr auto kept = [] {
    NameBuffer<buffer.size + 1> out;
    for (std::size_t i = 0; i < buffer.size; ++i) out.text[i] = buffer.text[i];
    out.size = buffer.size;
    return out;
  }();
  static constexpr std::string_view value = kept.view();
};

// Enumerators are found by asking for the name of each value in this range.
inline constexpr int enum_value_min = -16;
inline constexpr int enum_value_max = 255;

template <class E, E... V>
constexpr auto enum_text() {
  const std::string_view text = __PRETTY_FUNCTION__;
  const std::size_t begin = text.find("V = ") + 5;
  return text.substr(begin, text.size() - 1 - begin);
}

// Calls found(index, name) for each value of the list that has a name. One without is "(ns::Color)7" and skipped at
// once by the length of the type's name: most values have none, and the compiler walks this for each enumeration.
template <class Found>
constexpr void each_enumerator(std::string_view list, std::size_t type_size, Found found) {
  const char* const text = list.data();
  const std::size_t size = list.size();
  const auto is_number = [](char c) { return (c >= '0' && c <= '9') || c == '-'; };
  std::size_t index = 0;
  for (std::size_t i = 0; i < size; ++index) {
    const std::size_t begin = i;
    const std::size_t after_type = i + 1 + type_size;
    if (text[i] == '(' && after_type + 1 < size && text[after_type] == ')' && is_number(text[after_type + 1])) {
      for (i = after_type + 2; i < size && is_number(text[i]);) ++i;
    } else {
      for (int depth = 0; i < size; ++i) {
        const char c = text[i];
        if (c == '<' || c == '(' || c == '{') ++depth;
        if (c == '>' || c == ')' || c == '}') --depth;
        if (depth < 0 || (depth == 0 && c == ',')) break;
      }
      const std::string_view name = last_name({text + begin, i - begin});
      if (!is_number(name[0])) found(index, name);
    }
    if (i >= size || text[i] != ',') break;
    i += 2;
  }
}

template <class E>
constexpr bool enum_holds(std::int64_t value) {
  using Number = std::underlying_type_t<E>;
  if constexpr (std::is_same_v<Number, bool>) {
    return value == 0 || value == 1;
  } else if constexpr (std::is_unsigned_v<Number>) {
    return value >= 0 && static_cast<std::uint64_t>(value) <= std::numeric_limits<Number>::max();
  } else {
    return value >= std::numeric_limits<Number>::min() && value <= std::numeric_limits<Number>::max();
  }
}

template <class E>
struct EnumRange {
  static constexpr int first = enum_holds<E>(enum_value_min) ? enum_value_min : 0;
  static constexpr int last = std::is_same_v<std::underlying_type_t<E>, bool> ? 1
                              : enum_holds<E>(enum_value_max)                 ? enum_value_max
                                                                              : 127;
  static constexpr std::string_view list = []<int... I>(std::integer_sequence<int, I...>) {
    return enum_text<E, static_cast<E>(first + I)...>();
  }
  (std::make_integer_sequence<int, last - first + 1>{});

  struct Sizes {
    std::size_t names = 0;
    std::size_t characters = 0;
  };
  static constexpr Sizes sizes = [] {
    Sizes s;
    each_enumerator(list, type_text<E>().size(), [&s](std::size_t, std::string_view name) {
      ++s.names;
      s.characters += name.size();
    });
    return s;
  }();
};

// Values that people like to give beyond the range: found there, the enumeration is refused rather than
// losing a name without a word. Others are refused when they are first written.
template <class E>
constexpr bool enum_leaves_range() {
  constexpr std::int64_t tried[] = {-1000, -999,  -128,   -127,   -100,   -99,    -64,     -32,     -17,       256,
                                    257,   300,   400,    404,    500,    511,    512,     999,     1000,      1001,
                                    1023,  1024,  2000,   2048,   4096,   8192,   10000,   16384,   32767,     32768,
                                    65535, 65536, 100000, 131072, 262144, 524288, 1000000, 1048576, 2147483647};
  constexpr std::size_t count = sizeof(tried) / sizeof(tried[0]);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    bool left = false;
    each_enumerator(enum_text<E, static_cast<E>(enum_holds<E>(tried[I]) ? tried[I] : enum_value_max)...>(),
                    type_text<E>().size(),
                    [&](std::size_t index, std::string_view) { left = left || enum_holds<E>(tried[index]); });
    return left;
  }
  (std::make_index_sequence<count>{});
}

}  // namespace tutti::detail
