#include "wire/http1/uri.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tutti::wire::http1 {
namespace {

TEST(Uri, decodes_escapes_and_refuses_broken_ones) {
  EXPECT_EQ(decoded("a%20b%2Fc%c3%a9"), "a b/c\xc3\xa9");
  EXPECT_EQ(decoded("a+b"), "a+b");
  EXPECT_EQ(decoded("a+b", Plus::is_space), "a b");
  for (std::string_view text : {"%", "%2", "%2g", "%g2", "a%", "%00", "%%20"})
    EXPECT_EQ(decoded(text), std::nullopt) << text;
}

TEST(Uri, encodes_everything_but_unreserved_characters_and_back) {
  std::string all;
  for (int c = 1; c < 256; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(encoded("a b/c?d=é~"), "a%20b%2Fc%3Fd%3D%C3%A9~");
  EXPECT_EQ(decoded(encoded(all)), all);
}

TEST(Uri, refuses_paths_that_others_may_read_differently) {
  for (std::string_view path : {"/", "/a", "/a/", "//a", "/a//b", "/...", "/.a", "/a%2Fb", "/%2e%2e%2e"}) {
    EXPECT_EQ(path_fault(path), "") << path;
  }
  for (std::string_view path :
       {"", "a", "/.", "/..", "/a/../b", "/a/./b", "/%2e", "/%2E%2e/b", "/.%2e", "/a\\b", "/a%0", "/a%zz", "/%00"}) {
    EXPECT_NE(path_fault(path), "") << path;
  }
}

TEST(Uri, splits_paths_into_segments) {
  std::vector<std::string> segments;
  std::string_view rest = "/a//b/";
  std::string_view segment;
  while (next_segment(rest, segment)) segments.emplace_back(segment);
  EXPECT_EQ(segments, (std::vector<std::string>{"a", "", "b", ""}));
}

std::vector<std::pair<std::string, std::string>> pairs(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  QueryReader reader(query);
  while (reader.next()) out.emplace_back(reader.name(), reader.value());
  if (!reader.fault().empty()) out.emplace_back("fault", reader.fault());
  return out;
}

TEST(Query, reads_pairs_in_order_and_keeps_repetitions) {
  const std::vector<std::pair<std::string, std::string>> expected = {{"a", "1"}, {"b", "two words"}, {"b", "x=y"},
                                                                     {"c", ""},  {"", "v"},          {"d e", "&"}};
  EXPECT_EQ(pairs("a=1&b=two+words&b=x=y&&c&=v&d%20e=%26"), expected);
  EXPECT_TRUE(pairs("").empty());
  EXPECT_TRUE(pairs("&&").empty());
}

TEST(Query, stops_at_a_bad_escape_and_at_too_many_pairs) {
  EXPECT_EQ(pairs("a=1&b=%2").back().first, "fault");
  EXPECT_EQ(pairs("%=1").back().first, "fault");
  std::string many = "a";
  for (std::size_t i = 1; i < QueryReader::pairs_max; ++i) many += "&a";
  EXPECT_EQ(pairs(many).size(), QueryReader::pairs_max);
  EXPECT_NE(pairs(many).back().first, "fault");
  EXPECT_EQ(pairs(many + "&a").back().first, "fault");
}

TEST(Query, finds_a_value_and_writes_what_it_reads) {
  std::string target = "/find";
  append_query(target, "text", "red mug & more");
  append_query(target, "page", "2");
  EXPECT_EQ(target, "/find?text=red%20mug%20%26%20more&page=2");
  EXPECT_EQ(query_value(target.substr(6), "text"), "red mug & more");
  EXPECT_EQ(query_value(target.substr(6), "absent"), std::nullopt);
}

TEST(Url, is_taken_apart_with_the_schemes_own_port) {
  EXPECT_EQ(parse_url("http://payments:8080/base?x=1"), (Url{"http", "payments", 8080, "/base?x=1"}));
  EXPECT_EQ(parse_url("HTTPS://h"), (Url{"https", "h", 443, "/"}));
  EXPECT_EQ(parse_url("http://[::1]:81?q"), (Url{"http", "::1", 81, "/?q"}));
  EXPECT_EQ(parse_url("http://h:/"), (Url{"http", "h", 80, "/"}));
  for (std::string_view text : {"", "h", "ftp://h", "http://", "http:///a", "http://u@h/", "http://h:x/",
                                "http://h:65536/", "http://h/a b", "http://h/#f"}) {
    EXPECT_EQ(parse_url(text), std::nullopt) << text;
  }
}

TEST(Url, writes_its_host_field) {
  EXPECT_EQ(host_field({"http", "h", 80, "/"}), "h");
  EXPECT_EQ(host_field({"https", "h", 80, "/"}), "h:80");
  EXPECT_EQ(host_field({"http", "::1", 81, "/"}), "[::1]:81");
}

}  // namespace
}  // namespace tutti::wire::http1
