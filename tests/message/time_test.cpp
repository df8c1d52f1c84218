// RFC 3339 both ways: its own examples, the ends of the range, and what is refused.
#include <gtest/gtest.h>

#include <limits>
#include <tutti/time.hpp>

#include "message/time_text.hpp"

namespace {

using tutti::parse_time;
using tutti::Time;
using tutti::message::parse_duration;

std::string normalised(std::string_view text) {
  const auto time = parse_time(text);
  return time ? to_string(*time) : "refused";
}

std::string duration_text(std::int64_t nanoseconds) {
  char text[tutti::message::duration_text_max];
  return {text, tutti::message::write_duration(text, nanoseconds)};
}

TEST(Time, writes_utc_without_trailing_zeros) {
  EXPECT_EQ(to_string(Time{}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_string(Time{std::chrono::nanoseconds{1'769'860'800'500'000'000}}), "2026-01-31T12:00:00.5Z");
  EXPECT_EQ(to_string(Time{std::chrono::nanoseconds{-1}}), "1969-12-31T23:59:59.999999999Z");
}

TEST(Time, reads_the_examples_of_rfc_3339) {
  EXPECT_EQ(normalised("1985-04-12T23:20:50.52Z"), "1985-04-12T23:20:50.52Z");
  EXPECT_EQ(normalised("1996-12-19T16:39:57-08:00"), "1996-12-20T00:39:57Z");
  EXPECT_EQ(normalised("1990-12-31T23:59:60Z"), "1991-01-01T00:00:00Z");
  EXPECT_EQ(normalised("1990-12-31T15:59:60-08:00"), "1991-01-01T00:00:00Z");
  EXPECT_EQ(normalised("1937-01-01T12:00:27.87+00:20"), "1937-01-01T11:40:27.87Z");
}

TEST(Time, survives_at_both_ends_of_the_range) {
  for (const auto count : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    const Time time{std::chrono::nanoseconds{count}};
    EXPECT_EQ(parse_time(to_string(time)), time) << to_string(time);
  }
  EXPECT_EQ(normalised("2262-04-11T23:47:16.854775808Z"), "refused");
  EXPECT_EQ(normalised("9999-12-31T23:59:59Z"), "refused");
}

TEST(Time, refuses_what_is_not_rfc_3339) {
  for (const auto* text : {"", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31 12:00:00Z", "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z",
                           "2026-01-31T12:00:60Z", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00+0100",
                           "2026-01-31T12:00:00+01:0", "2026-01-31T12:00:00Zx", "2026-01-31T12:00:00.0000000001Z",
                           "2026-1-31T12:00:00Z", "-026-01-31T12:00:00Z", "2026-01-31T12:00:00+24:00"}) {
    EXPECT_EQ(normalised(text), "refused") << text;
  }
}

TEST(Duration, is_written_with_hours_minutes_and_seconds) {
  EXPECT_EQ(duration_text(0), "PT0S");
  EXPECT_EQ(duration_text(500'000'000), "PT0.5S");
  EXPECT_EQ(duration_text(-1), "-PT0.000000001S");
  EXPECT_EQ(duration_text(5'400'000'000'000), "PT1H30M");
  EXPECT_EQ(duration_text(90'061'000'000'000), "PT25H1M1S");
  EXPECT_EQ(duration_text(std::numeric_limits<std::int64_t>::min()), "-PT2562047H47M16.854775808S");
}

TEST(Duration, survives_and_reads_days_and_weeks) {
  for (const auto count : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-59'999'999'999},
                           std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(parse_duration(duration_text(count)), count);
  }
  EXPECT_EQ(parse_duration("P1DT2H"), 26 * 3'600'000'000'000);
  EXPECT_EQ(parse_duration("P2W"), 14 * 24 * 3'600'000'000'000);
}

TEST(Duration, refuses_what_has_no_fixed_length_or_no_sense) {
  for (const auto* text : {"",
                           "P",
                           "PT",
                           "P1Y",
                           "P1M",
                           "PT1",
                           "1S",
                           "PT1S1M",
                           "PT1S1S",
                           "P1DT",
                           "PT0.5M",
                           "PT.5S",
                           "PT1.S",
                           "PT0.0000000001S",
                           "PT9223372037S",
                           "P1H",
                           "PT1D",
                           "PT1S ",
                           "P-1D",
                           "PT 1S"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

}  // namespace
