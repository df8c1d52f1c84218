#include <gtest/gtest.h>

#include "world/network.hpp"

namespace tutti::world {
namespace {

TEST(Address, reads_and_writes_all_three_kinds) {
  for (const std::string text :
       {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:65535", "[fd00::2]:80", "unix:/run/payments.sock"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(to_string(*address), text);
  }
}

TEST(Address, gives_equal_addresses_one_spelling) {
  EXPECT_EQ(parse_address("[0:0:0::1]:80"), parse_address("[::1]:80"));
}

TEST(Address, refuses_everything_else) {
  for (const std::string text :
       {"", ":", ":80", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8o",
        "127.0.0.1:80 ", "127.1:80", "::1:80", "[::1]", "[::1]:", "[::1:80", "[127.0.0.1]:80", "unix:", "/run/x"}) {
    EXPECT_EQ(parse_address(text), std::nullopt) << text;
  }
}

TEST(Address, bounds_a_sockets_path_by_what_the_kernel_takes) {
  EXPECT_TRUE(parse_address("unix:/" + std::string(106, 'a')).has_value());
  EXPECT_FALSE(parse_address("unix:/" + std::string(107, 'a')).has_value());
}

TEST(Address, knows_what_stays_on_this_machine) {
  EXPECT_TRUE(is_loopback(*parse_address("127.8.0.1:80")));
  EXPECT_TRUE(is_loopback(*parse_address("[::1]:80")));
  EXPECT_TRUE(is_loopback(*parse_address("[::ffff:127.0.0.1]:80")));
  EXPECT_TRUE(is_loopback(*parse_address("unix:/run/x")));
  EXPECT_FALSE(is_loopback(*parse_address("0.0.0.0:80")));
  EXPECT_FALSE(is_loopback(*parse_address("[::]:80")));
  EXPECT_FALSE(is_loopback(*parse_address("10.0.0.1:80")));
}

}  // namespace
}  // namespace tutti::world
