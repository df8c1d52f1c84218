#include "observe/otlp/exporter.hpp"

#include <deque>
#include <stdexcept>

#include <gtest/gtest.h>

#include "observe/given.hpp"
#include "observe/otlp/spans.hpp"

namespace tutti::observe {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct SpanExporterTest : ::testing::Test {
  SpanExporterTest() { exporter.attach(queue); }

  void finish_spans(int count, SpanQueue& into) {
    for (int i = 0; i < count; ++i) into.push(std::make_unique<SpanRecord>());
  }
  void finish_spans(int count) { finish_spans(count, queue); }
  // Steps as the background fiber does, until the clock has reached `end`.
  void run_for(std::chrono::nanoseconds duration) {
    const auto end = clock.instant() + duration;
    for (;;) {
      const auto next = exporter.step();
      if (next > end) break;
      clock.move(next - clock.instant());
    }
    clock.move(end - clock.instant());
  }
  ExportReply send(const std::string& body, Instant deadline) {
    bodies.push_back(body);
    sent_at.push_back(clock.instant());
    deadlines.push_back(deadline);
    if (replies.empty()) return {.status = 200};
    const auto reply = replies.front();
    replies.pop_front();
    if (reply.status < 0) throw std::runtime_error("connection refused");
    return reply;
  }

  given::StandingClock clock;
  given::SeededRandom random;
  SpanQueue queue;
  std::deque<ExportReply> replies;  // then 200
  std::vector<std::string> bodies;
  std::vector<Instant> sent_at;
  std::vector<Instant> deadlines;
  SpanExporter exporter{{.batch_max = 10},
                        {.service_name = "orders", .service_version = "1", .instance_id = "i"},
                        clock,
                        random,
                        [this](const std::string& body, Instant deadline) { return send(body, deadline); }};
};

TEST_F(SpanExporterTest, sends_nothing_if_there_is_nothing) {
  run_for(seconds(60));

  EXPECT_TRUE(bodies.empty());
}

TEST_F(SpanExporterTest, waits_an_interval_for_a_batch_to_fill) {
  finish_spans(3);

  run_for(milliseconds(4'900));
  EXPECT_EQ(bodies.size(), 0u);
  run_for(milliseconds(200));

  EXPECT_EQ(bodies.size(), 1u);
  EXPECT_EQ(exporter.counts().sent, 3u);
  EXPECT_EQ(deadlines[0] - sent_at[0], seconds(10));
}

TEST_F(SpanExporterTest, sends_full_batches_soon) {
  finish_spans(25);

  run_for(milliseconds(600));

  EXPECT_EQ(bodies.size(), 2u);
  EXPECT_EQ(exporter.counts().sent, 20u);
  EXPECT_EQ(queue.size(), 5u);
}

TEST_F(SpanExporterTest, gathers_the_spans_of_all_shards) {
  SpanQueue other;
  exporter.attach(other);
  finish_spans(2);
  finish_spans(3, other);

  run_for(seconds(6));

  EXPECT_EQ(bodies.size(), 1u);
  EXPECT_EQ(exporter.counts().sent, 5u);
}

TEST_F(SpanExporterTest, tries_again_only_where_that_can_help) {
  for (const int status : {400, 401, 404, 413, 500, 501}) {
    replies = {{.status = status}};
    finish_spans(1);
    run_for(seconds(60));
    EXPECT_EQ(bodies.size(), 1u) << status;
    bodies.clear();
  }
  EXPECT_EQ(exporter.counts().failed, 6u);
  EXPECT_EQ(exporter.counts().retries, 0u);

  for (const int status : {0, 429, 502, 503, 504}) {
    replies = {{.status = status}};
    finish_spans(1);
    run_for(seconds(60));
    EXPECT_EQ(bodies.size(), 2u) << status;
    bodies.clear();
  }
  EXPECT_EQ(exporter.counts().sent, 5u);
  EXPECT_EQ(exporter.counts().retries, 5u);
}

TEST_F(SpanExporterTest, sends_the_same_body_again_after_a_growing_pause) {
  replies = {{.status = 503}, {.status = 503}, {.status = 503}};
  finish_spans(1);

  run_for(seconds(60));

  ASSERT_EQ(bodies.size(), 4u);
  EXPECT_EQ(bodies[0], bodies[3]);
  for (int i = 0; i < 3; ++i) {
    const auto pause = sent_at[static_cast<std::size_t>(i) + 1] - sent_at[static_cast<std::size_t>(i)];
    EXPECT_GE(pause, milliseconds(500) * (1 << i));
    EXPECT_LE(pause, milliseconds(1'000) * (1 << i));
  }
}

TEST_F(SpanExporterTest, waits_as_long_as_the_collector_asks_but_no_longer_than_the_limit) {
  replies = {{.status = 429, .retry_after = seconds(7)}, {.status = 503, .retry_after = seconds(86'400)}};
  finish_spans(1);

  run_for(seconds(120));

  ASSERT_EQ(bodies.size(), 3u);
  EXPECT_EQ(sent_at[1] - sent_at[0], seconds(7));
  EXPECT_EQ(sent_at[2] - sent_at[1], seconds(30));
}

TEST_F(SpanExporterTest, gives_a_batch_up_after_its_attempts_and_goes_on_with_the_next) {
  replies.assign(5, {.status = 503});
  finish_spans(1);
  run_for(seconds(120));
  EXPECT_EQ(bodies.size(), 5u);
  EXPECT_EQ(exporter.counts().failed, 1u);

  finish_spans(2);
  run_for(seconds(10));

  EXPECT_EQ(exporter.counts().sent, 2u);
}

TEST_F(SpanExporterTest, takes_a_throw_for_a_collector_that_is_not_there) {
  replies = {{.status = -1}};
  finish_spans(1);

  run_for(seconds(60));

  EXPECT_EQ(bodies.size(), 2u);
  EXPECT_EQ(exporter.counts().sent, 1u);
}

TEST_F(SpanExporterTest, sends_what_is_left_at_the_end) {
  finish_spans(25);

  exporter.flush(clock.instant() + seconds(3));

  EXPECT_EQ(bodies.size(), 3u);
  EXPECT_EQ(exporter.counts().sent, 25u);
  EXPECT_EQ(deadlines[0] - sent_at[0], seconds(3));
}

TEST_F(SpanExporterTest, does_not_insist_at_the_end) {
  replies = {{.status = 503}};
  finish_spans(15);

  exporter.flush(clock.instant() + seconds(3));

  EXPECT_EQ(bodies.size(), 2u);
  EXPECT_EQ(exporter.counts().failed, 10u);
  EXPECT_EQ(exporter.counts().sent, 5u);
}

TEST_F(SpanExporterTest, counts_what_the_deadline_of_the_end_leaves_behind) {
  finish_spans(25);

  exporter.flush(clock.instant());

  EXPECT_EQ(bodies.size(), 0u);
  EXPECT_EQ(exporter.counts().failed, 25u);
  EXPECT_EQ(queue.size(), 0u);
}

TEST_F(SpanExporterTest, flushes_a_batch_that_was_waiting_to_be_tried_again) {
  replies = {{.status = 503}};
  finish_spans(1);
  run_for(milliseconds(5'100));
  ASSERT_EQ(bodies.size(), 1u);

  exporter.flush(clock.instant() + seconds(1));

  EXPECT_EQ(exporter.counts().sent, 1u);
}

}  // namespace
}  // namespace tutti::observe
