// What only files of the operating system have: symbolic links, FIFOs and kernels without openat2.
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include <gtest/gtest.h>

#include "refused_system_call.hpp"
#include "world/both_worlds.hpp"

namespace tutti::world {
namespace {

// folder/ with below/f, and links of each kind; beside it a secret.
class RealFilesBelow : public testing::Test {
 protected:
  RealFilesBelow() {
    std::filesystem::create_directories(folder_ / "below");
    EXPECT_EQ(files().replace(scratch_ / "folder/below/f", "inside"), 0);
    EXPECT_EQ(files().replace(scratch_ / "secret", "outside"), 0);
    for (const auto& [name, target] : {std::pair{"inside", "below/f"},
                                       {"below/up", "../below/f"},
                                       {"folder", "below"},
                                       {"out", "../secret"},
                                       {"absolute", "/etc/passwd"},
                                       {"parent", ".."},
                                       {"proc", "/proc/self/root"}}) {
      std::filesystem::create_symlink(target, folder_ / name);
    }
    ::mkfifo((folder_ / "fifo").c_str(), 0600);
  }
  Files& files() { return world_->files(); }
  bool opens(const std::string& name) { return files().open_below(folder_, name).file != nullptr; }

  std::unique_ptr<World> world_ = real_world();
  Scratch scratch_{Kind::real};
  std::filesystem::path folder_ = scratch_ / "folder";
};

TEST_F(RealFilesBelow, links_are_followed_as_far_as_they_stay_below) {
  for (const char* name : {"below/f", "inside", "below/up", "folder/f"}) EXPECT_TRUE(opens(name)) << name;
  for (const char* name :
       {"out", "absolute", "parent/secret", "proc/etc/passwd", "../secret", "/etc/passwd", "below/../../secret"}) {
    EXPECT_FALSE(opens(name)) << name;
  }
  EXPECT_EQ(files().open_below(folder_, "out").error, EXDEV);
}

TEST_F(RealFilesBelow, what_is_no_regular_file_is_not_opened_and_not_waited_for) {
  for (const char* name : {"fifo", "below", ".", ""}) EXPECT_FALSE(opens(name)) << name;
}

// Linux before 5.6, or a container whose profile does not know the call.
TEST_F(RealFilesBelow, without_openat2_no_link_is_followed) {
  for (const int error : {ENOSYS, EPERM}) {
    EXPECT_EXIT(
        {
          tests::refuse_system_call(SYS_openat2, error, 3, 24);  // its argument: the size of open_how
          for (const char* name : {"below/f", "inside", "folder/f", "out", "parent/secret", "../secret", "/etc/passwd",
                                   "below/../../secret", ""}) {
            std::fprintf(stderr, "%d", opens(name));
          }
          std::_Exit(0);
        },
        testing::ExitedWithCode(0), "^100000000$");
  }
}

}  // namespace
}  // namespace tutti::world
