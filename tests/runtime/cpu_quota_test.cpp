#include "runtime/cpu_quota.hpp"

#include <string>

#include <gtest/gtest.h>

#include "world/simulated.hpp"

namespace tutti::runtime {
namespace {

struct CpuQuota : ::testing::Test {
  void file(const std::string& path, const std::string& content) {
    ASSERT_EQ(world.files().make_directories(path.substr(0, path.rfind('/'))), 0);
    ASSERT_EQ(world.files().replace(path, content), 0);
  }
  world::SimulatedWorld world;
};

TEST_F(CpuQuota, without_a_cgroup_is_what_the_process_may_run_on) {
  EXPECT_EQ(cpu_quota(world.files(), 6), 6u);
  EXPECT_EQ(cpu_quota(world.files(), 0), 1u);
}

TEST_F(CpuQuota, of_version_2_is_rounded_up) {
  file("/proc/self/cgroup", "0::/\n");
  file("/sys/fs/cgroup/cpu.max", "250000 100000\n");

  EXPECT_EQ(cpu_quota(world.files(), 64), 3u);
  EXPECT_EQ(cpu_quota(world.files(), 2), 2u);
}

TEST_F(CpuQuota, of_version_2_is_the_least_of_the_group_and_those_around_it) {
  file("/proc/self/cgroup", "0::/shop.slice/payments.service\n");
  file("/sys/fs/cgroup/shop.slice/payments.service/cpu.max", "800000 100000\n");
  file("/sys/fs/cgroup/shop.slice/cpu.max", "400000 100000\n");

  EXPECT_EQ(cpu_quota(world.files(), 64), 4u);
}

TEST_F(CpuQuota, of_version_2_may_be_max) {
  file("/proc/self/cgroup", "0::/\n");
  file("/sys/fs/cgroup/cpu.max", "max 100000\n");

  EXPECT_EQ(cpu_quota(world.files(), 8), 8u);
}

TEST_F(CpuQuota, less_than_one_cpu_is_one_thread) {
  file("/proc/self/cgroup", "0::/\n");
  file("/sys/fs/cgroup/cpu.max", "10000 100000\n");

  EXPECT_EQ(cpu_quota(world.files(), 8), 1u);
}

TEST_F(CpuQuota, of_version_1_is_found_inside_a_container) {
  file("/proc/self/cgroup", "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n");
  file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n");
  file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");

  EXPECT_EQ(cpu_quota(world.files(), 64), 2u);
}

TEST_F(CpuQuota, of_version_1_may_be_minus_one) {
  file("/proc/self/cgroup", "4:cpu:/\n");
  file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  file("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");

  EXPECT_EQ(cpu_quota(world.files(), 64), 64u);
}

TEST_F(CpuQuota, garbage_is_no_quota) {
  file("/proc/self/cgroup", "0::\n:::\nnonsense");
  file("/sys/fs/cgroup/cpu.max", "lots of cpu");

  EXPECT_EQ(cpu_quota(world.files(), 3), 3u);
}

}  // namespace
}  // namespace tutti::runtime
