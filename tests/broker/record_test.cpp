#include "broker/journal/record.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tutti::broker::journal {
namespace {

std::string bytes_of(const auto& record) {
  std::string out;
  append(out, record);
  return out;
}

Published message() {
  return {.host = "/",
          .number = 17,
          .at = {std::chrono::seconds(1'767'225'600)},
          .queues = {1, 2},
          .exchange = "x",
          .routing_key = "k",
          .properties = {"\0\0", 2},
          .body = "body"};
}

TEST(Record, a_message_is_read_back) {
  const std::string bytes = bytes_of(message()) + "more";
  Record record;

  ASSERT_EQ(read(bytes, record), bytes.size() - 4);

  const auto& got = std::get<Published>(record);
  EXPECT_EQ(got.number, 17u);
  EXPECT_EQ(got.at, message().at);
  EXPECT_EQ(got.queues, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(got.routing_key, "k");
  EXPECT_EQ(got.properties, message().properties);
  EXPECT_EQ(got.body, "body");
}

TEST(Record, the_others_are_read_back) {
  Record record;

  EXPECT_GT(read(bytes_of(FileBegin{.number = 3, .before = 2, .before_end = 99}), record), 0u);
  EXPECT_EQ(std::get<FileBegin>(record).before_end, 99u);
  EXPECT_GT(read(bytes_of(Settled{.queue = 1, .number = 2}), record), 0u);
  EXPECT_EQ(std::get<Settled>(record).number, 2u);
  const std::string binding = bytes_of(BindingRemoved{{.host = "/", .source = "x", .exchange = "y", .key = "k"}});
  EXPECT_GT(read(binding, record), 0u);
  EXPECT_EQ(std::get<BindingRemoved>(record).exchange, "y");
}

TEST(Record, every_cut_and_every_changed_byte_is_seen) {
  const std::string whole = bytes_of(message());
  Record record;

  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(read(std::string(whole.data(), size), record), 0u) << size;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    EXPECT_EQ(read(changed, record), 0u) << at;
  }
}

TEST(Record, zeros_are_none) {
  Record record;

  EXPECT_EQ(read(std::string(64, '\0'), record), 0u);
}

}  // namespace
}  // namespace tutti::broker::journal
