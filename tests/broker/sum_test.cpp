#include "broker/journal/sum.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tutti::broker::journal {
namespace {

TEST(Sum, is_what_others_compute) {  // RFC 3720 appendix B.4
  EXPECT_EQ(sum_of("123456789"), 0xE3069283u);
  EXPECT_EQ(sum_of(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(sum_of(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(sum_of(""), 0u);
}

TEST(Sum, is_the_same_by_instruction_and_by_table) {
  std::string bytes;
  for (int size = 0; size < 100; ++size) {
    EXPECT_EQ(sum_of(bytes), sum_by_table(bytes)) << size;
    bytes += static_cast<char>(size * 37);
  }
}

}  // namespace
}  // namespace tutti::broker::journal
