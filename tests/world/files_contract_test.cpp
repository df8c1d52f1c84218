#include "world/files.hpp"

#include <cerrno>

#include <gmock/gmock.h>

#include "world/both_worlds.hpp"

namespace tutti::world {
namespace {

using testing::ElementsAre;

class FilesContract : public testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<File> opened(const std::string& name, Open how = Open::create) {
    int error = 0;
    auto file = files_.open(scratch_ / name, how, error);
    EXPECT_EQ(error, 0) << name;
    return file;
  }
  std::string content(const std::string& name) {
    int error = 0;
    return files_.read_all(scratch_ / name, 1 << 20, error).value_or("(error " + std::to_string(error) + ")");
  }

  Scratch scratch_{GetParam()};
  std::unique_ptr<World> world_ = world_of(GetParam());
  Files& files_ = world_->files();
};

INSTANTIATE_TEST_SUITE_P(Both, FilesContract, testing::Values(Kind::real, Kind::simulated), name_of);

TEST_P(FilesContract, reads_what_was_written_where_it_was_written) {
  const auto file = opened("f");

  EXPECT_EQ(file->write(0, bytes_of("hello")).bytes, 5u);
  EXPECT_EQ(file->write(3, bytes_of("p!")).bytes, 2u);

  std::array<std::byte, 16> into{};
  const FileResult got = file->read(1, into);
  EXPECT_EQ(got.error, 0);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(into.data()), got.bytes), "elp!");
  EXPECT_EQ(file->size(), 5u);
  EXPECT_EQ(file->sync(), 0);
}

TEST_P(FilesContract, reads_nothing_past_the_end) {
  const auto file = opened("f");
  std::array<std::byte, 4> into{};

  const FileResult got = file->read(100, into);

  EXPECT_EQ(got.bytes, 0u);
  EXPECT_EQ(got.error, 0);
}

TEST_P(FilesContract, fills_a_gap_with_zeros) {
  EXPECT_EQ(opened("f")->write(2, bytes_of("x")).bytes, 1u);

  EXPECT_EQ(content("f"), std::string("\0\0x", 3));
}

TEST_P(FilesContract, truncates_to_shorter_and_longer) {
  const auto file = opened("f");
  EXPECT_EQ(file->write(0, bytes_of("abcdef")).bytes, 6u);

  EXPECT_EQ(file->truncate(2), 0);
  EXPECT_EQ(file->truncate(4), 0);

  EXPECT_EQ(content("f"), std::string("ab\0\0", 4));
}

TEST_P(FilesContract, opens_only_what_the_mode_allows) {
  int error = 0;

  EXPECT_EQ(files_.open(scratch_ / "f", Open::read, error), nullptr);
  EXPECT_EQ(error, ENOENT);
  EXPECT_EQ(files_.open(scratch_ / "f", Open::modify, error), nullptr);
  EXPECT_EQ(error, ENOENT);
  EXPECT_NE(files_.open(scratch_ / "f", Open::exclusive, error), nullptr);
  EXPECT_EQ(files_.open(scratch_ / "f", Open::exclusive, error), nullptr);
  EXPECT_EQ(error, EEXIST);
  EXPECT_EQ(files_.open(scratch_ / "no/f", Open::create, error), nullptr);
  EXPECT_EQ(error, ENOENT);
}

TEST_P(FilesContract, refuses_to_write_what_is_open_for_reading) {
  (void)opened("f");

  EXPECT_EQ(opened("f", Open::read)->write(0, bytes_of("x")).error, EBADF);
}

TEST_P(FilesContract, renames_over_what_is_there_and_shows_another_identity) {
  EXPECT_EQ(opened("old")->write(0, bytes_of("old")).bytes, 3u);
  EXPECT_EQ(opened("new")->write(0, bytes_of("newer")).bytes, 5u);
  const auto before = files_.status(scratch_ / "old");
  const auto incoming = files_.status(scratch_ / "new");

  EXPECT_EQ(files_.rename(scratch_ / "new", scratch_ / "old"), 0);

  const auto after = files_.status(scratch_ / "old");
  ASSERT_TRUE(before && incoming && after);
  EXPECT_NE(after->identity, before->identity);
  EXPECT_EQ(after->identity, incoming->identity);
  EXPECT_EQ(content("old"), "newer");
  EXPECT_FALSE(files_.status(scratch_ / "new").has_value());
  EXPECT_EQ(files_.rename(scratch_ / "new", scratch_ / "old"), ENOENT);
}

TEST_P(FilesContract, keeps_the_identity_of_a_file_that_is_written) {
  const auto file = opened("f");
  const auto before = files_.status(scratch_ / "f");

  EXPECT_EQ(file->write(0, bytes_of("x")).bytes, 1u);

  EXPECT_EQ(files_.status(scratch_ / "f")->identity, before->identity);
  EXPECT_EQ(files_.status(scratch_ / "f")->size, 1u);
}

TEST_P(FilesContract, moves_a_directory_with_what_is_in_it) {
  ASSERT_EQ(files_.make_directories(scratch_ / "a/b"), 0);
  EXPECT_EQ(opened("a/b/f")->write(0, bytes_of("x")).bytes, 1u);

  EXPECT_EQ(files_.rename(scratch_ / "a", scratch_ / "c"), 0);

  EXPECT_EQ(content("c/b/f"), "x");
  EXPECT_FALSE(files_.status(scratch_ / "a").has_value());
}

TEST_P(FilesContract, lists_names_in_order) {
  (void)opened("b");
  (void)opened("a");
  ASSERT_EQ(files_.make_directories(scratch_ / "d/e"), 0);

  EXPECT_THAT(files_.list(scratch_.path()), ElementsAre("a", "b", "d"));
  EXPECT_THAT(files_.list(scratch_ / "missing"), ElementsAre());
}

TEST_P(FilesContract, makes_directories_as_often_as_asked_but_not_over_a_file) {
  EXPECT_EQ(files_.make_directories(scratch_ / "a/b/c"), 0);
  EXPECT_EQ(files_.make_directories(scratch_ / "a/b/c"), 0);
  EXPECT_TRUE(files_.status(scratch_ / "a/b/c")->directory);
  (void)opened("f");

  EXPECT_EQ(files_.make_directories(scratch_ / "f/g"), ENOTDIR);
}

TEST_P(FilesContract, removes_files_and_empty_directories) {
  ASSERT_EQ(files_.make_directories(scratch_ / "d"), 0);
  (void)opened("d/f");

  EXPECT_EQ(files_.remove(scratch_ / "d"), ENOTEMPTY);
  EXPECT_EQ(files_.remove(scratch_ / "d/f"), 0);
  EXPECT_EQ(files_.remove(scratch_ / "d"), 0);
  EXPECT_EQ(files_.remove(scratch_ / "d"), ENOENT);
}

TEST_P(FilesContract, goes_on_reading_a_file_that_was_removed) {
  const auto file = opened("f");
  EXPECT_EQ(file->write(0, bytes_of("x")).bytes, 1u);

  EXPECT_EQ(files_.remove(scratch_ / "f"), 0);

  std::array<std::byte, 4> into{};
  EXPECT_EQ(file->read(0, into).bytes, 1u);
}

TEST_P(FilesContract, lets_only_one_open_file_hold_the_lock) {
  auto first = opened("f");
  const auto second = opened("f");

  EXPECT_TRUE(first->try_lock());
  EXPECT_TRUE(first->try_lock());
  EXPECT_FALSE(second->try_lock());
  first.reset();
  EXPECT_TRUE(second->try_lock());
}

TEST_P(FilesContract, reads_a_whole_file_up_to_the_limit) {
  EXPECT_EQ(opened("f")->write(0, bytes_of("12345")).bytes, 5u);
  int error = 0;

  EXPECT_EQ(files_.read_all(scratch_ / "f", 5, error), "12345");
  EXPECT_EQ(files_.read_all(scratch_ / "f", 4, error), std::nullopt);
  EXPECT_EQ(error, EFBIG);
  EXPECT_EQ(files_.read_all(scratch_ / "missing", 4, error), std::nullopt);
  EXPECT_EQ(error, ENOENT);
}

TEST_P(FilesContract, opens_files_below_a_folder) {
  ASSERT_EQ(files_.make_directories(scratch_ / "folder/below"), 0);
  ASSERT_EQ(files_.replace(scratch_ / "folder/below/f", "inside"), 0);

  const OpenedFile opened = files_.open_below(scratch_ / "folder", "below/f");

  ASSERT_TRUE(opened.file);
  EXPECT_EQ(opened.status.size, 6u);
  EXPECT_EQ(opened.status.identity, files_.status(scratch_ / "folder/below/f")->identity);
  EXPECT_EQ(files_.open_below(scratch_ / "folder", "below").file, nullptr);
  EXPECT_EQ(files_.open_below(scratch_ / "folder", "missing").error, ENOENT);
  EXPECT_EQ(files_.open_below(scratch_ / "nowhere", "f").error, ENOENT);
}

TEST_P(FilesContract, replaces_a_file_and_leaves_nothing_beside_it) {
  EXPECT_EQ(files_.replace(scratch_ / "f", "first"), 0);
  EXPECT_EQ(files_.replace(scratch_ / "f", "second"), 0);

  EXPECT_EQ(content("f"), "second");
  EXPECT_THAT(files_.list(scratch_.path()), ElementsAre("f"));
}

}  // namespace
}  // namespace tutti::world
