#include "observe/metrics/process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "observe/metrics/prometheus.hpp"

namespace tutti::observe {
namespace {

double value_of(const Metrics& metrics, const std::string& name) {
  const std::array<const Metrics*, 1> parts{&metrics};
  const auto text = prometheus_text(parts);
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + 1 + name.size(), nullptr);
}

TEST(ProcessMetrics, tell_what_the_process_uses) {
  Metrics metrics;
  observe_process(metrics);

  EXPECT_GT(value_of(metrics, "process_resident_memory_bytes"), 1'000'000);
  EXPECT_GT(value_of(metrics, "process_virtual_memory_bytes"), value_of(metrics, "process_resident_memory_bytes"));
  EXPECT_GE(value_of(metrics, "process_threads"), 1);
  EXPECT_GE(value_of(metrics, "process_max_fds"), 16);
  EXPECT_GE(value_of(metrics, "process_cpu_seconds_total"), 0);
}

TEST(ProcessMetrics, follow_the_open_descriptors) {
  Metrics metrics;
  observe_process(metrics);
  const auto before = value_of(metrics, "process_open_fds");

  const int one = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const auto with_one_more = value_of(metrics, "process_open_fds");
  ::close(one);

  EXPECT_GE(before, 3);
  EXPECT_EQ(with_one_more, before + 1);
}

TEST(ProcessMetrics, know_when_the_process_started) {
  Metrics metrics;
  observe_process(metrics);
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();

  const auto start = value_of(metrics, "process_start_time_seconds");

  EXPECT_LE(start, now + 2);
  EXPECT_GT(start, now - 3600);
}

}  // namespace
}  // namespace tutti::observe
