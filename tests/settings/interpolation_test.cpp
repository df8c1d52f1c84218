#include <map>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "settings/interpolation.hpp"

namespace {

using tutti::settings::Interpolated;

Interpolated result_of(std::string_view text) {
  static const std::map<std::string, std::string, std::less<>> variables{
      {"SET", "value"}, {"EMPTY", ""}, {"DOLLAR", "${SET}"}};
  return tutti::settings::interpolate(text, [](std::string_view name) -> std::optional<std::string> {
    const auto at = variables.find(name);
    return at == variables.end() ? std::nullopt : std::optional(at->second);
  });
}

std::string text_of(std::string_view text) {
  const Interpolated result = result_of(text);
  EXPECT_EQ(result.error, "");
  return result.text;
}

TEST(Interpolation, puts_values_in) {
  EXPECT_EQ(text_of("a $SET b ${SET}c"), "a value b valuec");
  EXPECT_EQ(text_of("no variable"), "no variable");
  EXPECT_EQ(text_of("${EMPTY}"), "");
}

TEST(Interpolation, writes_two_dollars_as_one) { EXPECT_EQ(text_of("$$SET $${SET} $$$SET"), "$SET ${SET} $value"); }

TEST(Interpolation, knows_defaults_for_unset_and_for_empty) {
  EXPECT_EQ(text_of("${NONE:-d} ${EMPTY:-d} ${SET:-d}"), "d d value");
  EXPECT_EQ(text_of("${NONE-d} [${EMPTY-d}] ${SET-d}"), "d [] value");
  EXPECT_EQ(text_of("${NONE:-}"), "");
}

TEST(Interpolation, knows_what_to_put_instead_of_a_value) {
  EXPECT_EQ(text_of("[${NONE:+r}] [${EMPTY:+r}] [${SET:+r}]"), "[] [] [r]");
  EXPECT_EQ(text_of("[${NONE+r}] [${EMPTY+r}] [${SET+r}]"), "[] [r] [r]");
}

TEST(Interpolation, reads_defaults_within_defaults) {
  EXPECT_EQ(text_of("${NONE:-${EMPTY:-${SET}-x}}"), "value-x");
  EXPECT_EQ(text_of("${NONE:-a$$b}"), "a$b");
}

TEST(Interpolation, does_not_read_a_value_again) { EXPECT_EQ(text_of("${DOLLAR}"), "${SET}"); }

TEST(Interpolation, refuses_without_a_required_variable) {
  EXPECT_EQ(result_of("${NONE:?say where}").error, "variable \"NONE\" is required but not set: say where");
  EXPECT_EQ(result_of("${EMPTY:?say where}").error, "variable \"EMPTY\" is required but empty: say where");
  EXPECT_EQ(result_of("${NONE?}").error, "variable \"NONE\" is required but not set; set it");
  EXPECT_EQ(text_of("[${EMPTY?x}]"), "[]");
  EXPECT_EQ(text_of("${SET:-${NONE:?not asked}}"), "value");
}

TEST(Interpolation, names_what_is_not_set) {
  const Interpolated result = result_of("$NONE ${OTHER} ${SET:-$UNUSED}");

  EXPECT_EQ(result.text, "  value");
  EXPECT_EQ(result.unset, (std::vector<std::string>{"NONE", "OTHER"}));
}

TEST(Interpolation, refuses_what_is_no_variable) {
  EXPECT_EQ(result_of("5$").error, "\"$\" is followed by no variable; write \"$$\" for a dollar");
  EXPECT_EQ(result_of("$5").error, "\"$\" is followed by no variable; write \"$$\" for a dollar");
  EXPECT_EQ(result_of("${}").error, "\"${\" is followed by no variable's name; write \"$$\" for a dollar");
  EXPECT_EQ(result_of("${SET").error, "\"${SET\" is not closed; write \"}\" behind it");
  EXPECT_EQ(result_of("${SET!x}").error,
            "\"${SET\" is followed by something unknown; expected }, :-, -, :?, ?, :+ or +");
  EXPECT_EQ(result_of("${NONE:-x").error, "\"${\" is not closed; write \"}\" behind it, or \"$$\" for a dollar");
  EXPECT_EQ(result_of("${SET:").error, "\"${SET\" is followed by something unknown; expected }, :-, -, :?, ?, :+ or +");
}

TEST(Interpolation, keeps_its_limits) {
  std::string deep = "x";
  for (std::size_t i = 0; i < tutti::settings::interpolation_depth_max; ++i) deep = "${NONE:-" + deep + "}";

  EXPECT_EQ(text_of(deep), "x");
  EXPECT_EQ(result_of("${NONE:-" + deep + "}").error, "defaults are nested deeper than 16");
  EXPECT_EQ(result_of(std::string(tutti::settings::interpolation_bytes_max + 1, 'x')).error,
            "the value becomes longer than 1048576 bytes");
}

}  // namespace
