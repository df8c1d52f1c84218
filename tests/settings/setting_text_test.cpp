#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tutti/contract.hpp>

#include "settings/setting_text.hpp"

namespace {

using tutti::settings::read_setting;
using tutti::settings::write_setting;

enum class Currency { eur, usd };

// What is read, written again; or what was expected, after a "!".
template <class T>
std::string again(std::string_view text) {
  T value{};
  const auto& shape = tutti::detail::shape_of<T>();
  if (const auto expected = read_setting(shape, &value, text)) return "!" + *expected;
  return write_setting(shape, &value);
}

TEST(SettingText, reads_whole_numbers) {
  EXPECT_EQ(again<int>("-12"), "-12");
  EXPECT_EQ(again<int>("+12"), "12");
  EXPECT_EQ(again<std::uint64_t>("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(again<int>("0x1F"), "31");
  EXPECT_EQ(again<int>("0o17"), "15");
  EXPECT_EQ(again<std::int8_t>("128"), "!a whole number from -128 to 127");
  for (const auto* text : {"", "tow", "1 ", " 1", "1.0", "--1", "+-1", "0x", "0x-1", "1e3", "0b1"})
    EXPECT_EQ(again<std::uint8_t>(text), "!a whole number from 0 to 255") << text;
  EXPECT_EQ(again<std::uint8_t>("010"),
            "!a whole number from 0 to 255 (a leading zero can be read two ways; write 0o17 for an octal number)");
}

TEST(SettingText, holds_a_number_within_its_bounds) {
  EXPECT_EQ((again<tutti::Range<int, 1, 10>>("10")), "10");
  EXPECT_EQ((again<tutti::Range<int, 1, 10>>("11")), "!a whole number from 1 to 10");
}

TEST(SettingText, reads_fractions) {
  EXPECT_EQ(again<double>("0.5"), "0.5");
  EXPECT_EQ(again<double>("1e-3"), "0.001");
  EXPECT_TRUE(again<double>("nan").starts_with("!")) << "no setting is not a number";
  EXPECT_TRUE(again<double>("1,5").starts_with("!"));
}

TEST(SettingText, reads_only_true_and_false) {
  EXPECT_EQ(again<bool>("true"), "true");
  EXPECT_EQ(again<bool>("false"), "false");
  for (const auto* text : {"yes", "on", "1", "True"}) EXPECT_EQ(again<bool>(text), "!true or false (write true)");
  for (const auto* text : {"no", "off", "0", "FALSE"}) EXPECT_EQ(again<bool>(text), "!true or false (write false)");
  EXPECT_EQ(again<bool>("maybe"), "!true or false");
}

TEST(SettingText, reads_durations_as_people_write_them) {
  using namespace std::chrono;
  EXPECT_EQ(again<milliseconds>("500ms"), "500ms");
  EXPECT_EQ(again<milliseconds>("1h30m"), "90m");
  EXPECT_EQ(again<milliseconds>("1.5s"), "1500ms");
  EXPECT_EQ(again<milliseconds>("PT0.5S"), "500ms");
  EXPECT_EQ(again<seconds>("2d"), "48h");
  EXPECT_EQ(again<seconds>("-5s"), "-5s");
  EXPECT_EQ(again<seconds>("0"), "0s");
  EXPECT_EQ(again<nanoseconds>("1.000000001s"), "1000000001ns");
  for (const auto* text : {"", "5", "5 s", "s", "1.s", "1x", "99999999999999h", "-", "1.0000000001s"})
    EXPECT_EQ(again<nanoseconds>(text), "!a duration like 500ms, 30s or PT0.5S") << text;
  EXPECT_EQ(again<seconds>("500ms"),
            "!a duration like 500ms, 30s or PT0.5S that is no finer than the setting's own unit");
}

TEST(SettingText, reads_enumerators_by_name) {
  EXPECT_EQ(again<Currency>("usd"), "usd");
  EXPECT_EQ(again<Currency>("chf"), "!one of eur, usd");
}

TEST(SettingText, reads_texts_within_their_bounds) {
  EXPECT_EQ(again<std::string>(""), "");
  EXPECT_EQ((again<tutti::Text<1, 3>>("äöü")), "äöü");
  EXPECT_EQ((again<tutti::Text<1, 3>>("")), "!a text of 1 to 3 characters");
  EXPECT_TRUE(again<tutti::Pattern<"[a-z]+">>("A").starts_with("!"));
  EXPECT_TRUE(again<std::string>("\xFF").starts_with("!"));
}

TEST(SettingText, reads_lists_and_maps_separated_by_commas) {
  EXPECT_EQ(again<std::vector<int>>("1, 2,3"), "1,2,3");
  EXPECT_EQ(again<std::vector<int>>(""), "");
  EXPECT_EQ(again<std::vector<bool>>("true,false"), "true,false");
  EXPECT_EQ((again<std::array<int, 2>>("1,2")), "1,2");
  EXPECT_EQ((again<std::array<int, 2>>("1")), "!a list of exactly 2 values");
  EXPECT_EQ((again<std::map<std::string, int>>("b=2, a=1")), "a=1,b=2");
  EXPECT_EQ(again<std::vector<std::uint8_t>>("1,x"),
            "!a list separated by commas; item 2 is \"x\", expected a whole number from 0 to 255");
  EXPECT_EQ((again<std::map<std::string, int>>("a")),
            "!a mapping, or key=value separated by commas; item 1 is \"a\", expected key=value");
  EXPECT_EQ((again<std::map<std::string, int>>("a=1,a=2")),
            "!a mapping, or key=value separated by commas; item 2 is \"a=2\", expected each key once");
  EXPECT_EQ((again<tutti::Items<int, 2, 3>>("1")), "!a list separated by commas, 2 to 3 of them");
}

TEST(SettingText, takes_an_empty_text_for_no_value_of_an_optional) {
  EXPECT_EQ(again<std::optional<int>>(""), "");
  EXPECT_EQ(again<std::optional<int>>("7"), "7");
}

TEST(SettingText, shows_no_secret) {
  EXPECT_EQ(again<tutti::Secret>("hush"), "***");
  EXPECT_EQ(again<tutti::Secret>(""), "");
  EXPECT_EQ(again<std::vector<tutti::Secret>>("hush,hush"), "***,***");
}

}  // namespace
