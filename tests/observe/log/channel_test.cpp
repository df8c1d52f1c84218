#include "observe/log/channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tutti/trace.hpp>

#include "observe/given.hpp"

namespace tutti::observe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct LogChannelTest : ::testing::Test {
  given::StandingClock clock;
  MemorySink sink{3};
  LogChannel channel{{.service = "orders", .level = LogLevel::info, .style = LogStyle::human}, clock, sink};
  Logger log{channel};
};

TEST_F(LogChannelTest, writes_what_is_as_severe_as_its_level_or_more) {
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");

  EXPECT_THAT(sink.take(),
              ElementsAre("07:06:40.123 INFO  orders b", "07:06:40.123 WARN  orders c", "07:06:40.123 ERROR orders d"));
}

TEST_F(LogChannelTest, may_be_told_to_say_more_or_nothing) {
  channel.set_level(LogLevel::debug);
  log.debug("now");
  EXPECT_TRUE(log.enabled(LogLevel::debug));
  EXPECT_THAT(sink.take(), ElementsAre(HasSubstr("now")));

  channel.set_level(LogLevel::off);
  log.error("quiet");
  EXPECT_FALSE(log.enabled(LogLevel::error));
  EXPECT_THAT(sink.take(), IsEmpty());
}

TEST_F(LogChannelTest, does_not_ask_the_clock_for_a_line_that_is_not_written) {
  log.debug("a");

  EXPECT_EQ(clock.reads, 0);
}

TEST_F(LogChannelTest, ties_lines_of_a_logger_made_earlier_to_the_request_that_runs) {
  static TraceContext trace;
  trace.trace_id.fill(0xAB);
  trace.span_id.fill(0xCD);
  static bool running;
  running = false;
  LogChannel json({.service = "orders",
                   .origin =
                       []() noexcept {
                         return running ? LogOrigin{&trace, {"r1", "orders.place"}} : LogOrigin{};
                       }},
                  clock, sink);
  const Logger early(json);

  early.info("composed");
  running = true;
  early.info("placed");

  EXPECT_THAT(sink.take(),
              ElementsAre(Not(HasSubstr("trace_id")),
                          AllOf(HasSubstr(R"("trace_id":"abababababababababababababababab")"),
                                HasSubstr(R"("method":"orders.place")"), HasSubstr(R"("request_id":"r1")"))));
}

TEST_F(LogChannelTest, ties_lines_to_their_trace_and_request) {
  LogChannel json({.service = "orders"}, clock, sink);
  TraceContext trace;
  trace.trace_id.fill(0xAB);
  trace.span_id.fill(0xCD);

  Logger(json, trace, {.request_id = "r1", .method = "orders.place"}).info("placed", {{"total", 7}});

  EXPECT_THAT(sink.take(), ElementsAre(R"({"time":"2026-08-06T07:06:40.123456789Z","level":"info","message":"placed",)"
                                       R"("service":"orders","trace_id":"abababababababababababababababab",)"
                                       R"("span_id":"cdcdcdcdcdcdcdcd","request_id":"r1","method":"orders.place",)"
                                       R"("attributes":{"total":7}})"));
}

TEST_F(LogChannelTest, counts_what_a_full_sink_refuses_and_tells_it_later) {
  for (const auto* message : {"1", "2", "3", "4", "5"}) log.info(message);
  EXPECT_EQ(channel.dropped(), 2u);
  EXPECT_EQ(sink.take().size(), 3u);

  log.info("6");
  log.info("7");

  EXPECT_THAT(sink.take(),
              ElementsAre("07:06:40.123 WARN  orders log lines were dropped: the reader of the log is too slow "
                          "tutti.log.dropped=2",
                          HasSubstr("orders 6"), HasSubstr("orders 7")));
}

TEST_F(LogChannelTest, says_nothing_without_a_channel) {
  const Logger silent;

  silent.error("nobody hears");

  EXPECT_FALSE(silent.enabled(LogLevel::error));
  EXPECT_THAT(sink.take(), IsEmpty());
}

TEST(LogLevels, are_read_by_their_names) {
  EXPECT_EQ(log_level_of("warn"), LogLevel::warn);
  EXPECT_EQ(log_level_of("off"), LogLevel::off);
  EXPECT_EQ(log_level_of("WARN"), std::nullopt);
  EXPECT_EQ(name_of(LogLevel::debug), "debug");
}

TEST(LogStyles, are_words_on_a_terminal_and_json_elsewhere) {
  EXPECT_EQ(style_for(LogFormat::automatic, {.terminal = false}), LogStyle::json);
  EXPECT_EQ(style_for(LogFormat::automatic, {.terminal = true}), LogStyle::human_in_colour);
  EXPECT_EQ(style_for(LogFormat::human, {.terminal = false}), LogStyle::human);
  EXPECT_EQ(style_for(LogFormat::json, {.terminal = true}), LogStyle::json);
}

TEST(LogStyles, respect_no_color_and_dumb_terminals) {
  EXPECT_EQ(style_for(LogFormat::automatic, {.terminal = true, .no_color = "1"}), LogStyle::human);
  EXPECT_EQ(style_for(LogFormat::automatic, {.terminal = true, .no_color = ""}), LogStyle::human_in_colour);
  EXPECT_EQ(style_for(LogFormat::automatic, {.terminal = true, .term = "dumb"}), LogStyle::human);
}

}  // namespace
}  // namespace tutti::observe
