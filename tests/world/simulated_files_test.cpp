#include "world/simulated_files.hpp"

#include <cerrno>
#include <set>

#include <gmock/gmock.h>

#include "world/both_worlds.hpp"

namespace tutti::world {
namespace {

using testing::ElementsAre;

constexpr std::size_t sector = 512;

class SimulatedFilesTest : public testing::Test {
 protected:
  static std::unique_ptr<File> opened(SimulatedFiles& files, const std::string& path, Open how = Open::create) {
    int error = 0;
    auto file = files.open(path, how, error);
    EXPECT_EQ(error, 0) << path;
    return file;
  }
  static std::string content(SimulatedFiles& files, const std::string& path) {
    int error = 0;
    return files.read_all(path, 1 << 20, error).value_or("(error " + std::to_string(error) + ")");
  }
  // A file whose name and content survive.
  static void store(SimulatedFiles& files, const std::string& path, const std::string& text) {
    const auto file = opened(files, path);
    EXPECT_EQ(file->write(0, bytes_of(text)).bytes, text.size());
    EXPECT_EQ(file->sync(), 0);
    EXPECT_EQ(files.sync_directory("/tmp"), 0);
  }

  SimulatedWorld world_{{.seed = 3}};
  SimulatedFiles& files_ = world_.files();
};

TEST_F(SimulatedFilesTest, keeps_what_was_synced_through_a_crash) {
  store(files_, "/tmp/f", "safe");

  files_.crash();

  EXPECT_EQ(content(files_, "/tmp/f"), "safe");
}

TEST_F(SimulatedFilesTest, loses_keeps_or_tears_what_was_not_synced_depending_on_the_seed) {
  const std::string old_text(4 * sector, 'o');
  const std::string new_text(4 * sector, 'n');
  std::set<std::string> outcomes;

  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimulatedWorld world({.seed = seed});
    store(world.files(), "/tmp/f", old_text);
    EXPECT_EQ(opened(world.files(), "/tmp/f")->write(0, bytes_of(new_text)).bytes, new_text.size());
    world.files().crash();
    const std::string after = content(world.files(), "/tmp/f");
    ASSERT_EQ(after.size(), old_text.size());
    for (std::size_t at = 0; at < after.size(); at += sector) {  // a sector is whole
      EXPECT_TRUE(after.substr(at, sector) == old_text.substr(0, sector) ||
                  after.substr(at, sector) == new_text.substr(0, sector));
    }
    outcomes.insert(after == old_text ? "lost" : after == new_text ? "kept" : "torn");
  }

  EXPECT_THAT(outcomes, ElementsAre("kept", "lost", "torn"));
}

TEST_F(SimulatedFilesTest, crashes_the_same_way_for_the_same_seed) {
  const auto run = [](std::uint64_t seed) {
    SimulatedWorld world({.seed = seed});
    store(world.files(), "/tmp/f", std::string(64 * sector, 'o'));
    EXPECT_GT(opened(world.files(), "/tmp/f")->write(100, bytes_of(std::string(60 * sector, 'n'))).bytes, 0u);
    world.files().crash();
    return content(world.files(), "/tmp/f");
  };

  EXPECT_EQ(run(11), run(11));
}

TEST_F(SimulatedFilesTest, may_lose_a_name_whose_directory_was_not_synced) {
  std::set<std::string> outcomes;

  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimulatedWorld world({.seed = seed});
    store(world.files(), "/tmp/f", "old");
    store(world.files(), "/tmp/g", "new");
    EXPECT_EQ(world.files().rename("/tmp/g", "/tmp/f"), 0);
    world.files().crash();
    outcomes.insert(content(world.files(), "/tmp/f"));
  }

  EXPECT_THAT(outcomes, ElementsAre("new", "old"));
}

TEST_F(SimulatedFilesTest, keeps_names_in_the_order_they_changed) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimulatedWorld world({.seed = seed});
    (void)opened(world.files(), "/tmp/a");
    (void)opened(world.files(), "/tmp/b");
    world.files().crash();
    EXPECT_TRUE(world.files().status("/tmp/a").has_value() || !world.files().status("/tmp/b").has_value());
  }
}

TEST_F(SimulatedFilesTest, replaces_files_so_that_a_crash_shows_old_or_new_never_half) {
  const std::string old_text(3000, 'o');
  const std::string new_text(5000, 'n');
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    for (const auto what :
         {FileOperation::write, FileOperation::sync, FileOperation::rename, FileOperation::sync_directory}) {
      SimulatedWorld world({.seed = seed});
      ASSERT_EQ(world.files().replace("/tmp/f", old_text), 0);
      world.files().fail(what, 1, EIO);
      EXPECT_EQ(world.files().replace("/tmp/f", new_text), EIO);
      world.files().crash();
      const std::string after = content(world.files(), "/tmp/f");
      EXPECT_TRUE(after == old_text || after == new_text);
    }
  }
}

TEST_F(SimulatedFilesTest, keeps_a_replaced_file_through_a_crash) {
  EXPECT_EQ(files_.replace("/tmp/f", "one"), 0);
  EXPECT_EQ(files_.replace("/tmp/f", "two"), 0);

  files_.crash();

  EXPECT_EQ(content(files_, "/tmp/f"), "two");
}

TEST_F(SimulatedFilesTest, never_brings_back_what_a_failed_sync_lost) {
  store(files_, "/tmp/f", "old");
  const auto file = opened(files_, "/tmp/f");
  EXPECT_EQ(file->write(0, bytes_of("new")).bytes, 3u);
  files_.fail(FileOperation::sync, 1, EIO);

  EXPECT_EQ(file->sync(), EIO);
  EXPECT_EQ(content(files_, "/tmp/f"), "new");
  EXPECT_EQ(file->sync(), 0);
  files_.crash();

  EXPECT_EQ(content(files_, "/tmp/f"), "old");
}

TEST_F(SimulatedFilesTest, fails_the_operation_that_was_asked_for_once) {
  const auto file = opened(files_, "/tmp/f");
  files_.fail(FileOperation::write, 2, ENOSPC);

  EXPECT_EQ(file->write(0, bytes_of("1")).error, 0);
  EXPECT_EQ(file->write(1, bytes_of("2")).error, ENOSPC);
  EXPECT_EQ(file->write(1, bytes_of("3")).error, 0);
  EXPECT_EQ(files_.count(FileOperation::write), 3u);
  EXPECT_EQ(content(files_, "/tmp/f"), "13");
}

TEST_F(SimulatedFilesTest, fails_every_kind_of_operation) {
  const auto file = opened(files_, "/tmp/f");
  std::array<std::byte, 1> into{};
  int error = 0;
  for (const auto what :
       {FileOperation::open, FileOperation::read, FileOperation::write, FileOperation::truncate, FileOperation::sync,
        FileOperation::rename, FileOperation::remove, FileOperation::sync_directory}) {
    files_.fail(what, 1, EIO);
  }

  EXPECT_EQ(files_.open("/tmp/g", Open::create, error), nullptr);
  EXPECT_EQ(error, EIO);
  EXPECT_EQ(file->read(0, into).error, EIO);
  EXPECT_EQ(file->write(0, bytes_of("x")).error, EIO);
  EXPECT_EQ(file->truncate(0), EIO);
  EXPECT_EQ(file->sync(), EIO);
  EXPECT_EQ(files_.rename("/tmp/f", "/tmp/g"), EIO);
  EXPECT_EQ(files_.remove("/tmp/f"), EIO);
  EXPECT_EQ(files_.sync_directory("/tmp"), EIO);
}

TEST_F(SimulatedFilesTest, fails_writes_and_syncs_by_probability) {
  const auto file = opened(files_, "/tmp/f");
  files_.faults().write_fails = 0.5;
  files_.faults().sync_fails = 0.5;
  int failed_writes = 0;
  int failed_syncs = 0;

  for (int i = 0; i < 200; ++i) {
    failed_writes += file->write(0, bytes_of("x")).error == EIO ? 1 : 0;
    failed_syncs += file->sync() == EIO ? 1 : 0;
  }

  EXPECT_THAT(failed_writes, testing::AllOf(testing::Gt(50), testing::Lt(150)));
  EXPECT_THAT(failed_syncs, testing::AllOf(testing::Gt(50), testing::Lt(150)));
}

TEST_F(SimulatedFilesTest, writes_less_than_asked) {
  files_.faults().write_short = 1;

  const FileResult written = opened(files_, "/tmp/f")->write(0, bytes_of("0123456789"));

  EXPECT_EQ(written.error, 0);
  EXPECT_GT(written.bytes, 0u);
  EXPECT_LT(written.bytes, 10u);
  EXPECT_EQ(content(files_, "/tmp/f"), std::string("0123456789").substr(0, written.bytes));
}

TEST_F(SimulatedFilesTest, is_full_at_its_capacity) {
  files_.set_capacity(10);
  const auto file = opened(files_, "/tmp/f");

  EXPECT_EQ(file->write(0, bytes_of("12345678")).bytes, 8u);
  EXPECT_EQ(file->write(8, bytes_of("90ab")).bytes, 2u);
  EXPECT_EQ(file->write(10, bytes_of("a")).error, ENOSPC);
  EXPECT_EQ(file->truncate(11), ENOSPC);
  EXPECT_EQ(file->write(0, bytes_of("over")).bytes, 4u);  // what is there may be overwritten
  EXPECT_EQ(files_.replace("/tmp/g", "no"), ENOSPC);
  EXPECT_THAT(files_.list("/tmp"), ElementsAre("f"));
  EXPECT_EQ(file->truncate(0), 0);
  EXPECT_EQ(files_.bytes_used(), 0u);
}

TEST_F(SimulatedFilesTest, breaks_open_files_and_locks_at_a_crash) {
  store(files_, "/tmp/f", "x");
  const auto file = opened(files_, "/tmp/f");
  EXPECT_TRUE(file->try_lock());

  files_.crash();

  std::array<std::byte, 1> into{};
  EXPECT_EQ(file->read(0, into).error, EIO);
  EXPECT_EQ(file->sync(), EIO);
  EXPECT_FALSE(file->try_lock());
  EXPECT_TRUE(opened(files_, "/tmp/f")->try_lock());
}

TEST_F(SimulatedFilesTest, refuses_a_wild_offset) {
  EXPECT_EQ(opened(files_, "/tmp/f")->write(UINT64_MAX - 1, bytes_of("xyz")).error, EFBIG);
}

TEST_F(SimulatedFilesTest, stamps_files_with_the_virtual_time) {
  world_.advance_to(world_.clock().instant() + std::chrono::hours(5));
  (void)opened(files_, "/tmp/f");

  EXPECT_EQ(files_.status("/tmp/f")->modified, world_.clock().now());
}

TEST_F(SimulatedFilesTest, takes_a_mode_as_a_mounted_secret_has_one) {
  (void)opened(files_, "/tmp/f");

  EXPECT_EQ(files_.set_mode("/tmp/f", 0400), 0);

  EXPECT_EQ(files_.status("/tmp/f")->mode, 0400u);
}

TEST_F(SimulatedFilesTest, gives_each_host_its_own_disk) {
  store(files_, "/tmp/f", "x");

  EXPECT_FALSE(world_.host("10.0.0.2").files().status("/tmp/f").has_value());
}

}  // namespace
}  // namespace tutti::world
