#include "wire/trace_context.hpp"

#include <gtest/gtest.h>

namespace tutti::wire {
namespace {

constexpr std::string_view example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, reads_and_writes_the_specifications_example) {
  const auto parent = parse_traceparent(example);

  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->trace[0], 0x4b);
  EXPECT_EQ(parent->trace[15], 0x36);
  EXPECT_EQ(parent->span[1], 0xf0);
  EXPECT_EQ(parent->flags, TraceParent::sampled);
  EXPECT_EQ(to_string(*parent), example);
}

TEST(TraceContext, refuses_every_shortened_traceparent) {
  for (std::size_t size = 0; size < example.size(); ++size) {
    EXPECT_FALSE(parse_traceparent(example.substr(0, size))) << size;
  }
}

TEST(TraceContext, refuses_malformed_traceparents) {
  for (std::string_view text : {"00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
                                "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                                "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
                                "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0 "}) {
    EXPECT_FALSE(parse_traceparent(text)) << text;
  }
}

TEST(TraceContext, reads_a_later_version_by_the_rules_of_this_one) {
  EXPECT_TRUE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  EXPECT_TRUE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes"));
}

TEST(TraceContext, accepts_tracestates_of_the_specification) {
  EXPECT_TRUE(is_tracestate("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
  EXPECT_TRUE(is_tracestate("fw529a3039@dt=FfaeKXgQ , vendor/x=a b"));
  EXPECT_TRUE(is_tracestate("a=1,,b=2"));
}

TEST(TraceContext, refuses_malformed_tracestates) {
  std::string many;
  for (int i = 0; i < 33; ++i) many += "k" + std::to_string(i) + "=v,";
  for (std::string_view text : {"", "a", "A=1", "a=", "a=1,a=2", "a=1=2", "@b=1", "a@=1", "a=\x01"}) {
    EXPECT_FALSE(is_tracestate(text)) << text;
  }
  EXPECT_FALSE(is_tracestate(many));
  EXPECT_FALSE(is_tracestate("a=" + std::string(600, 'x')));
}

TEST(TraceContext, puts_its_own_member_leftmost_and_only_once) {
  EXPECT_EQ(tracestate_with("tutti", "s1", "rojo=1,tutti=old,congo=2"), "tutti=s1,rojo=1,congo=2");
  EXPECT_EQ(tracestate_with("tutti", "s1", ""), "tutti=s1");
  EXPECT_EQ(tracestate_with("tutti", "s1", "broken"), "tutti=s1");
  EXPECT_EQ(tracestate_with("Tutti", "s1", "rojo=1"), "rojo=1");
}

TEST(TraceContext, drops_the_rightmost_member_over_the_limit_of_32) {
  std::string incoming;
  for (int i = 0; i < 32; ++i) incoming += (i == 0 ? "k" : ",k") + std::to_string(i) + "=v";

  const std::string result = tracestate_with("tutti", "s1", incoming);

  EXPECT_TRUE(is_tracestate(result));
  EXPECT_NE(result.find("k30=v"), std::string::npos);
  EXPECT_EQ(result.find("k31=v"), std::string::npos);
}

}  // namespace
}  // namespace tutti::wire
