// A contents file stands for its journal file only if it is whole: cut at any byte, or changed, it is as good as none.
#include "broker/journal/contents.hpp"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "broker/journal/files.hpp"
#include "wire/amqp/content.hpp"
#include "world/simulated.hpp"

namespace tutti::broker::journal {
namespace {

class Contents : public testing::Test {
 protected:
  Contents() {
    std::string properties;
    wire::amqp::append_properties(properties, {.delivery_mode = 2, .priority = 3, .expiration = "5000"});
    std::string bytes;
    append(bytes, FileBegin{.number = 1});
    offset_ = bytes.size();
    append(bytes, Published{.host = "/",
                            .number = 17,
                            .at = {},
                            .queues = {1, 2},
                            .exchange = "x",
                            .routing_key = "k",
                            .properties = properties,
                            .body = std::string(2000, 'b')});
    bytes_ = bytes.size() - offset_;
    append(bytes, Settled{.queue = 1, .number = 17});
    end_ = bytes.size();
    write(path_of("/", 1), bytes);
  }

  void write(const std::string& path, std::string_view bytes) {
    int error = 0;
    const auto file = world_.files().open(path, world::Open::create, error);
    ASSERT_EQ(file->truncate(0), 0);
    ASSERT_EQ(write_all(*file, bytes, 0), 0);
  }
  std::string contents() {
    int error = 0;
    return world_.files().read_all(contents_path("/", 1), 1 << 20, error).value_or("");
  }

  world::SimulatedWorld world_;
  std::uint64_t offset_ = 0, end_ = 0;
  std::size_t bytes_ = 0;
};

TEST_F(Contents, say_where_each_message_is_and_what_of_it_counts) {
  ASSERT_EQ(write_contents(world_.files(), "/", 1, end_), 0);
  ASSERT_TRUE(has_contents(world_.files(), "/", 1, end_));
  EXPECT_LT(contents().size(), 400u);

  std::vector<Placed> messages;
  std::size_t settled = 0;
  take_contents(world_.files(), "/", 1, [&](const RecordPlace& place, const Record& record) {
    settled += std::holds_alternative<Settled>(record) ? 1 : 0;
    if (!std::holds_alternative<Placed>(record)) return;
    EXPECT_EQ(place.offset, offset_);
    EXPECT_EQ(place.bytes, bytes_);
    messages.push_back(std::get<Placed>(record));
  });

  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].number, 17u);
  EXPECT_EQ(messages[0].queues, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(messages[0].body_bytes, 2000u);
  EXPECT_EQ(messages[0].priority, 3);
  EXPECT_EQ(messages[0].expiration_ms, 5000u);
  EXPECT_EQ(settled, 1u);
}

TEST_F(Contents, count_only_when_they_are_whole_and_of_that_file) {
  ASSERT_EQ(write_contents(world_.files(), "/", 1, end_), 0);
  const std::string whole = contents();

  EXPECT_FALSE(has_contents(world_.files(), "/", 1, end_ - 1));
  EXPECT_FALSE(has_contents(world_.files(), "/", 2, end_));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write(contents_path("/", 1), whole.substr(0, size));
    EXPECT_FALSE(has_contents(world_.files(), "/", 1, end_)) << size;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    write(contents_path("/", 1), changed);
    EXPECT_FALSE(has_contents(world_.files(), "/", 1, end_)) << at;
  }
}

TEST_F(Contents, are_not_made_of_a_file_that_ends_early) {
  EXPECT_NE(write_contents(world_.files(), "/", 1, end_ + 100), 0);
  EXPECT_TRUE(contents_in(world_.files(), "/").empty());
}

}  // namespace
}  // namespace tutti::broker::journal
