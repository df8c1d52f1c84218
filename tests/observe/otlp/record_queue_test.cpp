#include "observe/otlp/record_queue.hpp"

#include <gtest/gtest.h>

namespace tutti::observe {
namespace {

std::unique_ptr<SpanRecord> span_named(const std::string& name) {
  auto span = std::make_unique<SpanRecord>();
  span->name = name;
  return span;
}

TEST(SpanQueue, gives_back_the_oldest_first) {
  SpanQueue queue;
  for (const auto* name : {"1", "2", "3"}) queue.push(span_named(name));
  std::vector<std::unique_ptr<SpanRecord>> taken;

  queue.take(taken, 2);

  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0]->name, "1");
  EXPECT_EQ(taken[1]->name, "2");
  EXPECT_EQ(queue.size(), 1u);
}

TEST(SpanQueue, drops_and_counts_what_comes_when_it_is_full) {
  SpanQueue queue(2);
  for (const auto* name : {"1", "2", "3"}) queue.push(span_named(name));
  std::vector<std::unique_ptr<SpanRecord>> taken;

  queue.take(taken, 10);

  EXPECT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[1]->name, "2");
  EXPECT_EQ(queue.dropped(), 1u);
}

}  // namespace
}  // namespace tutti::observe
