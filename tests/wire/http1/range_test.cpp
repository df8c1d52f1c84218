#include "wire/http1/range.hpp"

#include <gtest/gtest.h>

namespace tutti::wire::http1 {
namespace {

using List = std::vector<ByteRange>;

// The examples of RFC 9110 section 14.1.2, of a representation of 10,000 bytes.
TEST(Range, reads_the_examples_of_rfc_9110) {
  EXPECT_EQ(parse_ranges("bytes=0-499", 10'000).list, (List{{0, 499}}));
  EXPECT_EQ(parse_ranges("bytes=500-999", 10'000).list, (List{{500, 999}}));
  EXPECT_EQ(parse_ranges("bytes=-500", 10'000).list, (List{{9500, 9999}}));
  EXPECT_EQ(parse_ranges("bytes=9500-", 10'000).list, (List{{9500, 9999}}));
  EXPECT_EQ(parse_ranges("bytes=0-0,-1", 10'000).list, (List{{0, 0}, {9999, 9999}}));
  EXPECT_EQ(parse_ranges("bytes= 0-999, 4500-5499, -1000", 10'000).list, (List{{0, 999}, {4500, 5499}, {9000, 9999}}));
  EXPECT_EQ(parse_ranges("bytes=500-700,601-999", 10'000).list, (List{{500, 700}, {601, 999}}));
}

TEST(Range, ends_where_the_representation_ends) {
  EXPECT_EQ(parse_ranges("bytes=5-99999999999999999999999", 10).list, (List{{5, 9}}));
  EXPECT_EQ(parse_ranges("bytes=-99999999999999999999999", 10).list, (List{{0, 9}}));
  EXPECT_EQ(parse_ranges("bytes=9-9,10-10", 10).list, (List{{9, 9}}));
}

TEST(Range, behind_the_end_cannot_be_satisfied) {
  for (std::string_view field :
       {"bytes=10-", "bytes=10-10", "bytes=-0", "bytes=99999999999999999999999-", "bytes=10-11,12-"}) {
    EXPECT_EQ(parse_ranges(field, 10).kind, Ranges::Kind::unsatisfiable) << field;
  }
  EXPECT_EQ(parse_ranges("bytes=0-", 0).kind, Ranges::Kind::unsatisfiable);
  EXPECT_EQ(parse_ranges("bytes=-1", 0).kind, Ranges::Kind::unsatisfiable);
}

TEST(Range, that_is_none_asks_for_everything) {
  for (std::string_view field :
       {"", "bytes", "bytes=", "bytes=,", "bytes=5", "bytes=5-4", "bytes=a-b", "bytes=0-1,x", "bytes=-", "bytes=--1",
        "bytes=+1-2", "bytes=0x1-2", "bytes=1 -2", "items=0-1", "0-1"}) {
    EXPECT_EQ(parse_ranges(field, 10).kind, Ranges::Kind::whole) << field;
  }
}

TEST(Range, is_not_answered_in_more_parts_or_bytes_than_the_whole) {
  std::string sixteen = "bytes=0-0";
  for (int i = 1; i < 16; ++i) sixteen += "," + std::to_string(i) + "-" + std::to_string(i);

  EXPECT_EQ(parse_ranges(sixteen, 100).list.size(), 16u);
  EXPECT_EQ(parse_ranges(sixteen + ",20-20", 100).kind, Ranges::Kind::whole);
  EXPECT_EQ(parse_ranges("bytes=0-9", 10).kind, Ranges::Kind::parts);
  EXPECT_EQ(parse_ranges("bytes=0-,0-", 10).kind, Ranges::Kind::whole);
}

TEST(Range, is_told_back) {
  EXPECT_EQ(content_range({42, 1233}, 1234), "bytes 42-1233/1234");
  EXPECT_EQ(content_range_of_none(1234), "bytes */1234");
}

}  // namespace
}  // namespace tutti::wire::http1
