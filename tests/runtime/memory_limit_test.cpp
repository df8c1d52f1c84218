#include "runtime/memory_limit.hpp"

#include <string>

#include <gtest/gtest.h>

#include "world/simulated.hpp"

namespace tutti::runtime {
namespace {

constexpr std::uint64_t mib = 1024 * 1024;

struct MemoryLimit : ::testing::Test {
  void file(const std::string& path, const std::string& content) {
    ASSERT_EQ(world.files().make_directories(path.substr(0, path.rfind('/'))), 0);
    ASSERT_EQ(world.files().replace(path, content), 0);
  }
  world::SimulatedWorld world;
};

TEST_F(MemoryLimit, is_none_without_a_cgroup) { EXPECT_EQ(memory_limit(world.files()), std::nullopt); }

TEST_F(MemoryLimit, of_version_2_is_found_inside_a_container) {
  file("/proc/self/cgroup", "0::/\n");
  file("/sys/fs/cgroup/memory.max", "134217728\n");

  EXPECT_EQ(memory_limit(world.files()), 128 * mib);
}

TEST_F(MemoryLimit, of_version_2_is_the_least_of_the_group_and_those_around_it) {
  file("/proc/self/cgroup", "0::/shop.slice/payments.service\n");
  file("/sys/fs/cgroup/shop.slice/payments.service/memory.max", "268435456\n");
  file("/sys/fs/cgroup/shop.slice/memory.max", "67108864\n");

  EXPECT_EQ(memory_limit(world.files()), 64 * mib);
}

TEST_F(MemoryLimit, of_version_2_may_be_max_in_the_middle) {
  file("/proc/self/cgroup", "0::/a/b\n");
  file("/sys/fs/cgroup/a/b/memory.max", "max\n");
  file("/sys/fs/cgroup/a/memory.max", "67108864\n");

  EXPECT_EQ(memory_limit(world.files()), 64 * mib);
}

TEST_F(MemoryLimit, of_version_2_may_be_max_everywhere) {
  file("/proc/self/cgroup", "0::/\n");
  file("/sys/fs/cgroup/memory.max", "max\n");

  EXPECT_EQ(memory_limit(world.files()), std::nullopt);
}

TEST_F(MemoryLimit, of_version_1_is_found_inside_a_container) {
  file("/proc/self/cgroup", "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n");
  file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "33554432\n");

  EXPECT_EQ(memory_limit(world.files()), 32 * mib);
}

TEST_F(MemoryLimit, of_version_1_is_none_at_its_largest_number) {
  file("/proc/self/cgroup", "5:memory:/\n");
  file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");

  EXPECT_EQ(memory_limit(world.files()), std::nullopt);
}

TEST_F(MemoryLimit, garbage_is_no_limit) {
  file("/proc/self/cgroup", "0::/\n");
  file("/sys/fs/cgroup/memory.max", "much");

  EXPECT_EQ(memory_limit(world.files()), std::nullopt);
}

}  // namespace
}  // namespace tutti::runtime
