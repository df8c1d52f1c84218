#include "service/command_line.hpp"

#include <gtest/gtest.h>

namespace tutti::detail {
namespace {

CommandLine parsed(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return parse_command_line(arguments);
}

TEST(CommandLine, serves_without_a_command) {
  const CommandLine line = parsed({"/usr/bin/payments", "--payments.limit_minor=5"});

  EXPECT_EQ(line.program, "payments");
  EXPECT_EQ(line.command, "serve");
  EXPECT_EQ(line.flags, std::vector<std::string>{"--payments.limit_minor=5"});
}

TEST(CommandLine, tells_operands_from_flags_and_their_values) {
  const CommandLine line = parsed({"payments", "call", "--settings", "s.yaml", "charge", "{}"});

  EXPECT_EQ(line.command, "call");
  EXPECT_EQ(line.operands, (std::vector<std::string>{"charge", "{}"}));
  EXPECT_EQ(line.flags, (std::vector<std::string>{"--settings", "s.yaml"}));
}

TEST(CommandLine, takes_a_commands_own_flags_for_operands) {
  const CommandLine line = parsed({"payments", "dead-letters", "replay", "--all", "--settings", "s.yaml", "--json"});

  EXPECT_EQ(line.operands, (std::vector<std::string>{"replay", "--all", "--json"}));
  EXPECT_EQ(line.flags, (std::vector<std::string>{"--settings", "s.yaml"}));
}

TEST(CommandLine, knows_help_and_version_anywhere) {
  EXPECT_EQ(parsed({"payments", "call", "--help"}).command, "help");
  EXPECT_EQ(parsed({"payments", "--version"}).command, "version");
}

}  // namespace
}  // namespace tutti::detail
