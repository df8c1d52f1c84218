// The table of kinds in docs/reference/wire.md is what the codecs do: each of its rows is made here and looked up
// there.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "message/everything.hpp"

namespace wire_document {

using namespace std::chrono_literals;

enum class Currency { eur, usd };
struct Point {
  int x;
  int y;
};
struct Circle {
  double radius;
};
struct Square {
  double side;
};

std::string page() {
  std::ifstream in(std::string(TUTTI_SOURCE_DIR) + "/docs/reference/wire.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    if (!text.empty()) text += ' ';
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// "| `true` | `c3` |"
template <class T>
std::string row(const T& value) {
  return "| `" + everything::json_of(value) + "` | `" + hex(everything::msgpack_of(value)) + "` |";
}

TEST(WireDocument, shows_each_kind_as_the_codecs_write_it) {
  const std::string text = page();
  ASSERT_FALSE(text.empty());
  for (const std::string& expected :
       {"| `bool` " + row(true), "| `int` " + row(-7), "| `std::int64_t` " + row(std::int64_t{9007199254740993}),
        "| `double` " + row(0.1), "| `float` " + row(0.1F), "| `std::string` " + row(std::string("h\xC3\xA9")),
        "| `tutti::Bytes` " + row(tutti::Bytes{std::byte{1}, std::byte{2}}),
        "| `tutti::Time` " + row(tutti::Time{1'769'860'800'500'000'000ns}), "| duration " + row(1500ms),
        "| `enum class` " + row(Currency::usd), "| `std::vector` " + row(std::vector<int>{1, 2}),
        "| `std::map` " + row(std::map<std::string, int>{{"a", 1}}), "| record " + row(Point{1, 2}),
        "| `std::variant` " + row(std::variant<Circle, Square>(Square{2}))}) {
    EXPECT_NE(text.find("\n" + expected), std::string::npos) << expected;
  }
}

}  // namespace wire_document
