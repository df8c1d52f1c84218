#include "observe/trace/tracer.hpp"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "observe/given.hpp"

namespace tutti::observe {
namespace {

struct TracerTest : ::testing::Test {
  std::vector<std::unique_ptr<SpanRecord>> finished() {
    std::vector<std::unique_ptr<SpanRecord>> spans;
    queue.take(spans, 1'000'000);
    return spans;
  }
  static TraceContext from_outside(std::uint8_t flags) {
    TraceContext context;
    context.trace_id.fill(0xAA);
    context.span_id.fill(0xBB);
    context.flags = flags;
    context.tracestate = "vendor=1";
    return context;
  }

  given::StandingClock clock;
  given::SeededRandom random;
  SpanQueue queue;
  Tracer tracer{{.sample = 1}, clock, random, &queue};
};

TEST_F(TracerTest, begins_a_trace_with_ids_that_are_valid_and_all_different) {
  std::set<std::array<std::uint8_t, 16>> traces;
  std::set<std::array<std::uint8_t, 8>> spans;

  for (int i = 0; i < 10'000; ++i) {
    const auto context = tracer.begin({});
    ASSERT_TRUE(context.valid());
    traces.insert(context.trace_id);
    spans.insert(context.span_id);
  }

  EXPECT_EQ(traces.size(), 10'000u);
  EXPECT_EQ(spans.size(), 10'000u);
  EXPECT_EQ(random.draws, 2) << "the world's randomness is asked at the start only";
}

TEST_F(TracerTest, makes_different_ids_in_different_threads) {
  std::array<std::vector<std::array<std::uint8_t, 8>>, 4> made;
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([this, &mine] {
      for (int i = 0; i < 2'000; ++i) mine.push_back(tracer.begin({}).span_id);
    });
  }
  for (auto& thread : threads) thread.join();

  std::set<std::array<std::uint8_t, 8>> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 8'000u);
}

TEST_F(TracerTest, replays_the_same_ids_from_the_same_seed) {
  given::SeededRandom again;
  Tracer same({.sample = 1}, clock, again, nullptr);

  EXPECT_EQ(same.begin({}), tracer.begin({}));
}

TEST_F(TracerTest, stays_in_the_caller_s_trace_and_passes_its_state_on) {
  const auto parent = from_outside(TraceContext::sampled_flag);

  const auto child = tracer.begin(parent);

  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_NE(child.span_id, parent.span_id);
  EXPECT_EQ(child.tracestate, "vendor=1");
  EXPECT_EQ(child.flags, TraceContext::sampled_flag);
}

TEST_F(TracerTest, follows_the_caller_s_decision_whatever_its_own_ratio_is) {
  Tracer never({.sample = 0}, clock, random, &queue);

  EXPECT_TRUE(never.start("a", SpanKind::server, from_outside(1)).recording());
  EXPECT_FALSE(tracer.start("a", SpanKind::server, from_outside(0)).recording());
  EXPECT_EQ(tracer.begin(from_outside(0)).flags, 0);
  EXPECT_EQ(tracer.begin(from_outside(0xFF)).flags, 3) << "flags that nobody knows are not passed on";
}

TEST_F(TracerTest, begins_anew_below_an_invalid_parent) {
  auto half = from_outside(1);
  half.span_id.fill(0);

  EXPECT_NE(tracer.begin(half).trace_id, half.trace_id);
}

TEST_F(TracerTest, samples_about_the_share_it_is_told_to) {
  const auto sampled_of = [this](double ratio) {
    Tracer some({.sample = ratio}, clock, random, nullptr);
    int sampled = 0;
    for (int i = 0; i < 10'000; ++i) sampled += some.begin({}).sampled();
    return sampled;
  };

  EXPECT_EQ(sampled_of(0), 0);
  EXPECT_EQ(sampled_of(-1), 0);
  EXPECT_EQ(sampled_of(1), 10'000);
  EXPECT_EQ(sampled_of(2), 10'000);
  EXPECT_NEAR(sampled_of(0.1), 1'000, 150);
}

TEST_F(TracerTest, records_a_span_with_all_that_it_is_told) {
  const auto parent = from_outside(1);
  {
    auto span = tracer.start("work", SpanKind::server, parent);
    span.set("http.route", "/a");
    span.set("size", 1);
    span.set("size", 2);
    clock.move(std::chrono::milliseconds(1));
    span.event("half way", {{"percent", 50}});
    span.link(from_outside(0));
    span.fail("no more paper");
    span.rename("GET /a");
    clock.move(std::chrono::milliseconds(2));
  }

  const auto spans = finished();
  ASSERT_EQ(spans.size(), 1u);
  const auto& span = *spans[0];
  EXPECT_EQ(span.name, "GET /a");
  EXPECT_EQ(span.kind, SpanKind::server);
  EXPECT_EQ(span.parent_id, parent.span_id);
  EXPECT_EQ(span.context.trace_id, parent.trace_id);
  EXPECT_EQ(span.end - span.start, std::chrono::milliseconds(3));
  const OwnedAttributes attributes{{"http.route", "/a"}, {"size", std::int64_t{2}}};
  EXPECT_EQ(span.attributes, attributes);
  ASSERT_EQ(span.events.size(), 1u);
  EXPECT_EQ(span.events[0].at - span.start, std::chrono::milliseconds(1));
  EXPECT_EQ(span.events[0].name, "half way");
  ASSERT_EQ(span.links.size(), 1u);
  EXPECT_EQ(span.status, SpanStatus::error);
  EXPECT_EQ(span.reason, "no more paper");
}

TEST_F(TracerTest, asks_no_clock_if_the_times_are_given) {
  auto span = tracer.start("work", SpanKind::server, {}, Time{std::chrono::seconds(5)});
  span.end(Time{std::chrono::seconds(7)});
  span.end(Time{std::chrono::seconds(9)});

  EXPECT_EQ(clock.reads, 0);
  const auto spans = finished();
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0]->end, Time{std::chrono::seconds(7)});
}

TEST_F(TracerTest, never_ends_a_span_before_it_began) {
  tracer.start("work", SpanKind::internal, {}, Time{std::chrono::seconds(5)}).end(Time{std::chrono::seconds(4)});

  EXPECT_EQ(finished()[0]->end, Time{std::chrono::seconds(5)});
}

TEST_F(TracerTest, moves_a_span_without_ending_it_twice) {
  Span kept;
  {
    auto span = tracer.start("first", SpanKind::internal, {});
    kept = std::move(span);
  }
  EXPECT_TRUE(kept.recording());
  EXPECT_EQ(queue.size(), 0u);

  kept = tracer.start("second", SpanKind::internal, {});
  EXPECT_EQ(queue.size(), 1u) << "the first ends when another takes its place";
  kept.end();
  EXPECT_EQ(queue.size(), 2u);
}

TEST_F(TracerTest, limits_what_a_span_can_hold_and_counts_the_rest) {
  auto span = tracer.start(std::string(10'000, 'n'), SpanKind::internal, {});
  for (std::size_t i = 0; i < SpanLimits::attributes_max + 2; ++i) span.set("a" + std::to_string(i), i);
  for (std::size_t i = 0; i < SpanLimits::events_max + 3; ++i) span.event("e");
  for (std::size_t i = 0; i < SpanLimits::links_max + 4; ++i) span.link(from_outside(1));
  span.set("a0", std::string(10'000, 'v'));
  span.end();

  const auto spans = finished();
  EXPECT_EQ(spans[0]->name.size(), SpanLimits::text_bytes_max);
  EXPECT_EQ(spans[0]->attributes.size(), SpanLimits::attributes_max);
  EXPECT_EQ(std::get<std::string>(spans[0]->attributes[0].second).size(), SpanLimits::text_bytes_max);
  EXPECT_EQ(spans[0]->dropped_attributes, 2u);
  EXPECT_EQ(spans[0]->dropped_events, 3u);
  EXPECT_EQ(spans[0]->dropped_links, 4u);
}

TEST_F(TracerTest, gives_ids_but_records_nothing_without_an_exporter) {
  Tracer unheard({.sample = 1}, clock, random, nullptr);

  auto span = unheard.start("work", SpanKind::server, {});
  span.set("a", 1);
  span.event("e");
  span.fail("f");

  EXPECT_FALSE(span.recording());
  EXPECT_TRUE(span.context().valid());
  EXPECT_TRUE(span.context().sampled()) << "those called may export";
  EXPECT_EQ(clock.reads, 0);
}

TEST(TraceContexts, are_valid_with_both_ids) {
  TraceContext context;
  EXPECT_FALSE(context.valid());
  context.trace_id[15] = 1;
  EXPECT_FALSE(context.valid());
  context.span_id[0] = 1;
  EXPECT_TRUE(context.valid());
}

}  // namespace
}  // namespace tutti::observe
