#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "settings/yaml.hpp"

namespace {

using tutti::yaml::Document;
using tutti::yaml::Form;
using tutti::yaml::Node;
using tutti::yaml::Position;
using tutti::yaml::read;
using tutti::yaml::Style;
using tutti::yaml::Type;

std::string problem_of(std::string_view text, const tutti::yaml::Limits& limits = {}) {
  const Document document = read(text, limits);
  return document.problem ? tutti::yaml::to_string("f.yaml", *document.problem) : "no problem";
}

Node root_of(std::string_view text) {
  const Document document = read(text);
  EXPECT_FALSE(document.problem) << tutti::yaml::to_string("f.yaml", *document.problem);
  return document.root;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Yaml, knows_line_and_column_of_every_key_and_value) {
  const Node root = root_of("services:\n  web:\n    ports: [80, \"443\"]\n");

  ASSERT_EQ(root.entries.size(), 1u);
  EXPECT_EQ(root.entries[0].at, (Position{1, 1}));
  const Node* web = root.entries[0].value.find("web");
  ASSERT_NE(web, nullptr);
  EXPECT_EQ(web->entries[0].at, (Position{3, 5}));
  const Node& ports = web->entries[0].value;
  EXPECT_EQ(ports.at, (Position{3, 12}));
  EXPECT_EQ(ports.items[0].at, (Position{3, 13}));
  EXPECT_EQ(ports.items[1].at, (Position{3, 17}));
  EXPECT_EQ(ports.items[0].style, Style::plain);
  EXPECT_EQ(ports.items[1].style, Style::quoted);
}

TEST(Yaml, counts_columns_in_characters) {
  const Node root = root_of("{é: ü, b: c}");

  EXPECT_EQ(root.entries[1].at, (Position{1, 8}));
}

TEST(Yaml, knows_where_a_block_of_text_begins) {
  const Node root = root_of("a: |\n  one\n  two\n\"é>\": >-  # text\n\n  three\nc:\n  - 'four'\nd:\n");

  EXPECT_EQ(root.find("a")->at, (Position{1, 4}));
  EXPECT_EQ(root.find("é>")->at, (Position{4, 7}));
  EXPECT_EQ(root.find("c")->items[0].at, (Position{8, 5}));
  EXPECT_EQ(root.find("d")->at, (Position{9, 1})) << "what is missing is where its key is";
}

TEST(Yaml, keeps_the_order_of_keys) {
  const Node root = root_of("z: 1\na: 2\nm: 3\n");

  EXPECT_EQ(root.entries[0].key + root.entries[1].key + root.entries[2].key, "zam");
}

TEST(Yaml, types_plain_scalars_by_the_core_schema) {
  const auto type = [](std::string_view text) {
    return tutti::yaml::type_of(root_of("[" + std::string(text) + "]").items.at(0));
  };

  for (const auto* text : {"null", "Null", "NULL", "~"}) EXPECT_EQ(type(text), Type::null) << text;
  for (const auto* text : {"true", "True", "TRUE", "false", "False", "FALSE"})
    EXPECT_EQ(type(text), Type::boolean) << text;
  for (const auto* text : {"0", "-19", "+12", "0o17", "0x1F", "007"}) EXPECT_EQ(type(text), Type::integer) << text;
  for (const auto* text : {"0.", ".5", "-1.5e3", "+12e03", ".inf", "-.Inf", ".NAN"})
    EXPECT_EQ(type(text), Type::real) << text;
  for (const auto* text : {"yes", "no", "on", "off", "y", "nULL", "0b1", "1_000", "0xg", "1e", ".", "e3", "12:30:45",
                           "2026-01-31", "\"5\"", "'true'", "\"\""})
    EXPECT_EQ(type(text), Type::text) << text;
}

TEST(Yaml, reads_an_empty_text_as_null) {
  for (const auto* text : {"", "\n", "# nothing\n", "---\n", "--- # nothing\n...\n", "\xEF\xBB\xBF"}) {
    const Node root = root_of(text);
    EXPECT_EQ(root.form, Form::scalar);
    EXPECT_EQ(tutti::yaml::type_of(root), Type::null);
    EXPECT_GT(root.at.line, 0u);
  }
}

TEST(Yaml, reads_lines_that_end_with_cr_lf) {
  const Node root = root_of("a: 1\r\nb: |\r\n  x\r\n  y\r\n");

  EXPECT_EQ(root.find("a")->text, "1");
  EXPECT_EQ(root.find("b")->text, "x\ny\n");
  EXPECT_EQ(root.entries[1].at, (Position{2, 1}));
}

TEST(Yaml, puts_a_copy_where_an_alias_stands) {
  const Node root = root_of("a: &x [1, 2]\nb: *x\nc: &x 5\nd: *x\n");

  EXPECT_EQ(root.find("b")->items.at(1).text, "2");
  EXPECT_EQ(root.find("b")->at, (Position{1, 7})) << "an alias shows where its value was written";
  EXPECT_EQ(root.find("d")->text, "5") << "the anchor before it counts";
}

TEST(Yaml, merges_mappings_under_their_own_keys) {
  const Node root = root_of(
      "base: &base {image: a, restart: always}\nmore: &more {restart: never, user: u}\n"
      "web:\n  <<: [*base, *more]\n  image: b\n");

  const Node* web = root.find("web");
  ASSERT_EQ(web->entries.size(), 3u);
  EXPECT_EQ(web->find("image")->text, "b");
  EXPECT_EQ(web->find("restart")->text, "always");
  EXPECT_EQ(web->find("user")->text, "u");
  EXPECT_EQ(web->find("<<"), nullptr);
}

TEST(Yaml, takes_a_quoted_merge_key_for_text) { EXPECT_EQ(root_of("\"<<\": {a: 1}").entries.at(0).key, "<<"); }

TEST(Yaml, refuses_to_merge_what_is_no_mapping) {
  EXPECT_EQ(problem_of("a:\n  <<: 5\n"),
            "f.yaml:2:3: \"<<\" merges a whole number; expected a mapping or a list of mappings");
  EXPECT_EQ(problem_of("a:\n  <<: {b: 1}\n  <<: {c: 1}\n"),
            "f.yaml:3:3: key \"<<\" is written twice; give it a list: <<: [*a, *b]");
}

TEST(Yaml, refuses_a_key_that_is_written_twice) {
  EXPECT_EQ(problem_of("a: 1\nb: 2\n'a': 3\n"),
            "f.yaml:3:1: key \"a\" is written twice (first in line 1); remove one of them");
  EXPECT_EQ(problem_of("x: {a: 1, b: {}, a: 1}"),
            "f.yaml:1:18: key \"a\" is written twice (first in line 1); remove one of them");
}

TEST(Yaml, refuses_tabs_as_indentation) {
  EXPECT_EQ(problem_of("a:\n\tb: 1\n"), "f.yaml:2:1: a tab is used as indentation; indent with spaces");
  EXPECT_EQ(problem_of("a:\n  b: 1\n\tc: 2\n").substr(0, 9), "f.yaml:3:");
  EXPECT_EQ(problem_of("a:\n  b:\n  \tc: 2\n").substr(0, 9), "f.yaml:3:");
}

TEST(Yaml, refuses_invalid_utf8_with_its_place) {
  EXPECT_EQ(problem_of("a: b\nc: \"d\xFF\"\n"), "f.yaml:2:6: byte 0xFF is not valid UTF-8; save the file as UTF-8");
  for (const auto* text : {"\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x80",
                           "\xFF\xFE"
                           "a"})
    EXPECT_NE(problem_of(text).find("f.yaml:1:1: byte 0x"), std::string::npos);
}

TEST(Yaml, refuses_control_characters_with_their_place) {
  EXPECT_EQ(problem_of("a: \"x\x07\"\n"),
            "f.yaml:1:6: character U+0007 is not allowed; write it as an escape in double quotes");
  EXPECT_EQ(problem_of(std::string_view("a\0b", 3)),
            "f.yaml:1:2: character U+0000 is not allowed; write it as an escape in double quotes");
  EXPECT_EQ(problem_of("a: b\rc: d"), "f.yaml:1:5: a carriage return without a line feed; end lines with LF or CR LF");
  EXPECT_EQ(problem_of("a: \xE2\x80\xA8"),
            "f.yaml:1:4: character U+2028 is not allowed; write it as an escape in double quotes");
  EXPECT_EQ(root_of("\"\\u2028\\x07\"").text, "\xE2\x80\xA8\x07");
}

// libfyaml loses characters over two escapes in a row.
TEST(Yaml, reads_quoted_texts_with_their_escapes_and_lines) {
  EXPECT_EQ(root_of("'a'''' b'").text, "a'' b");
  EXPECT_EQ(root_of("\"a\\\\\\\n  b\"").text, "a\\b");
  EXPECT_EQ(root_of(R"("\0\a\b\t\n\v\f\r\e\ \"\/\\")").text, std::string_view("\0\a\b\t\n\v\f\r\x1B \"/\\", 13));
  EXPECT_EQ(root_of(R"("\N\_\L\P\x41\u20ac\U0001F3B5")").text,
            "\xC2\x85\xC2\xA0\xE2\x80\xA8\xE2\x80\xA9"
            "A\xE2\x82\xAC\xF0\x9F\x8E\xB5");
  EXPECT_EQ(root_of("\" a \t\n \t\n  b \\\n  c\\ \n\n\n d \"").text, " a\nb c \n\nd ");
  EXPECT_EQ(root_of("' a \t\n  b\n\n c '").text, " a b\nc ");
  EXPECT_NE(problem_of(R"("\uD83C")"), "no problem");
  EXPECT_NE(problem_of(R"("\q")"), "no problem");
}

TEST(Yaml, refuses_what_it_does_not_support) {
  EXPECT_EQ(problem_of("a: 1\n---\nb: 2\n"), "f.yaml:2:1: a second document starts here; keep one document in a file");
  EXPECT_EQ(problem_of("a: !secret x\n"), "f.yaml:1:12: tag \"!secret\" is not supported here; remove it");
  EXPECT_EQ(problem_of("a: !!int \"5\"\n"), "f.yaml:1:10: tag \"int\" is not supported here; remove it");
  EXPECT_EQ(problem_of("[a, b]: 1\n"),
            "f.yaml:1:1: a key must be text, this one is a collection; quote it if it is meant as text");
  EXPECT_EQ(problem_of("a: *nowhere\n"),
            "f.yaml:1:4: alias *nowhere has no anchor before it; write &nowhere at the value that it stands for");
  EXPECT_EQ(problem_of("a: &a [*a]\n"),
            "f.yaml:1:8: alias *a stands inside its own anchor; a value cannot contain itself");
  EXPECT_EQ(problem_of(": a\n"), "f.yaml:1:1: a key is missing before \":\"; quote it if it is meant as text");
}

TEST(Yaml, says_where_and_why_it_is_not_valid) {
  EXPECT_EQ(problem_of("a: [1, 2\nb: 3\n").substr(0, 38), "f.yaml:3:1: this is not valid YAML (fl");
  EXPECT_NE(problem_of("a: \"open\n").find("this is not valid YAML"), std::string::npos);
  EXPECT_NE(problem_of("a: b: c\n").find("f.yaml:1:"), std::string::npos);
}

TEST(Yaml, keeps_its_limits) {
  EXPECT_EQ(problem_of("abc", {.bytes_max = 2}), "f.yaml:1:1: the file has 3 bytes; expected at most 2; split it");
  EXPECT_EQ(problem_of("ab", {.bytes_max = 2}), "no problem");

  EXPECT_EQ(problem_of(repeated("[", 8) + repeated("]", 8), {.depth_max = 8}), "no problem");
  EXPECT_EQ(problem_of(repeated("[", 9) + repeated("]", 9), {.depth_max = 8}),
            "f.yaml:1:9: collections are nested deeper than 8; flatten the file");
  EXPECT_NE(problem_of(repeated("[", 100'000)), "no problem");
  EXPECT_NE(problem_of(repeated("- ", 100'000)), "no problem");
  EXPECT_NE(problem_of(repeated("{a: ", 100'000)), "no problem");
  EXPECT_EQ(problem_of(repeated("[", 64) + repeated("]", 64)), "no problem");

  EXPECT_EQ(problem_of("[a, b]", {.nodes_max = 3}), "no problem");
  EXPECT_EQ(problem_of("[a, b, c]", {.nodes_max = 3}),
            "f.yaml:1:8: more than 3 values (aliases expanded); split the file");
}

TEST(Yaml, does_not_laugh_a_billion_times) {
  std::string text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + repeated(", " + before, 8) + "]\n";
  }

  EXPECT_NE(problem_of(text).find("more than 100000 values (aliases expanded)"), std::string::npos) << problem_of(text);
  EXPECT_NE(problem_of("a: &a " + std::string(500'000, 'x') + "\nb: [" + repeated("*a, ", 100) + "]\n")
                .find("bytes (aliases expanded)"),
            std::string::npos);
}

TEST(Yaml, never_crashes_on_a_part_of_a_text) {
  const std::string text =
      "%YAML 1.2\n---\nx: &b {a: \"q\\u00e9\", b: ['1', 2]}\ny:\n  <<: *b\n  c: |+\n    t\n\n  d: >-\n    f\n    g\n? "
      "k\n: - !!str v\n";

  for (std::size_t size = 0; size <= text.size(); ++size) {
    const Document document = read(std::string_view(text).substr(0, size));
    EXPECT_TRUE(!document.problem || document.problem->at.line > 0) << size;
  }
}

TEST(Yaml, lets_flow_lines_stand_anywhere_where_it_is_asked_to) {
  const std::string_view text = "a: [\n  x,\ny\n]\n";

  EXPECT_TRUE(read(text).problem.has_value());
  const auto document = read(text, {}, tutti::yaml::FlowLines::anywhere);
  ASSERT_FALSE(document.problem.has_value());
  EXPECT_EQ(document.root.find("a")->items.size(), 2u);
}

}  // namespace
