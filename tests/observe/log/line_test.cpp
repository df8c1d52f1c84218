#include "observe/log/line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

namespace tutti::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Time a_time{std::chrono::nanoseconds(1'786'000'000'123'456'789)};
constexpr std::array<std::uint8_t, 16> a_trace{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6,
                                               0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
constexpr std::array<std::uint8_t, 8> a_span{0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};

std::string line(const LogRecord& record, LogStyle style) {
  std::string out;
  append_line(out, record, style);
  return out;
}
std::string line_saying(std::string_view message, LogStyle style) {
  return line({.time = a_time, .service = "payments", .message = message}, style);
}

TEST(LogLine, carries_everything_in_json) {
  const std::array<Attribute, 4> attributes{
      {{"order.id", "o-1"}, {"amount_minor", 1250}, {"rate", 0.5}, {"first", true}}};

  EXPECT_EQ(line({.time = a_time,
                  .level = LogLevel::info,
                  .service = "payments",
                  .message = "charged",
                  .scope = {.request_id = "r-7", .method = "payments.charge"},
                  .trace_id = a_trace,
                  .span_id = a_span,
                  .attributes = attributes},
                 LogStyle::json),
            R"({"time":"2026-08-06T07:06:40.123456789Z","level":"info","message":"charged","service":"payments",)"
            R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","request_id":"r-7",)"
            R"("method":"payments.charge","attributes":{"order.id":"o-1","amount_minor":1250,"rate":0.5,"first":true}})"
            "\n");
}

TEST(LogLine, leaves_out_what_there_is_not) {
  EXPECT_EQ(line_saying("started", LogStyle::json),
            R"({"time":"2026-08-06T07:06:40.123456789Z","level":"info","message":"started","service":"payments"})"
            "\n");
}

TEST(LogLine, reads_well_on_a_terminal) {
  const std::array<Attribute, 3> attributes{{{"order.id", "o-1"}, {"note", "two words"}, {"say", "\"hi\""}}};
  const LogRecord record{.time = a_time,
                         .level = LogLevel::warn,
                         .service = "payments",
                         .message = "slow",
                         .trace_id = a_trace,
                         .span_id = a_span,
                         .attributes = attributes};

  EXPECT_EQ(line(record, LogStyle::human),
            "07:06:40.123 WARN  payments slow order.id=o-1 note=\"two words\" say=\"\\\"hi\\\"\" trace=4bf92f35\n");
}

TEST(LogLine, colours_only_when_asked_to) {
  EXPECT_THAT(line_saying("x", LogStyle::human_in_colour), HasSubstr("\x1b[32mINFO \x1b[0m"));
  EXPECT_THAT(line_saying("x", LogStyle::human), Not(HasSubstr("\x1b")));
}

TEST(LogLine, lets_nobody_forge_a_line_or_move_the_cursor) {
  const auto forged =
      "ok\n07:00 INFO forged\r\x1b[2J\xC2\x9B"
      "2J\x7f\xE2\x80\xAE\xE2\x80\xA8\xFF";

  EXPECT_EQ(line_saying(forged, LogStyle::human),
            "07:06:40.123 INFO  payments ok\\n07:00 INFO "
            "forged\\r\\x1b[2J\\xc2\\x9b2J\\x7f\\xe2\\x80\\xae\\xe2\\x80\\xa8\\xff\n");
  EXPECT_EQ(line_saying(forged, LogStyle::json).find('\n'), line_saying(forged, LogStyle::json).size() - 1);
}

TEST(LogLine, shows_escaped_values_and_names_too) {
  const std::array<Attribute, 1> attributes{{{"a\nb", "c\nd"}}};

  EXPECT_EQ(line({.time = a_time, .service = "s", .message = "m", .attributes = attributes}, LogStyle::human),
            "07:06:40.123 INFO  s m a\\nb=c\\nd\n");
}

TEST(LogLine, keeps_umlauts_readable) {
  EXPECT_THAT(line_saying("Gr\xC3\xBC\xC3\x9F dich", LogStyle::human), HasSubstr("Gr\xC3\xBC\xC3\x9F dich"));
}

TEST(LogLine, cuts_a_long_message_and_says_so) {
  const std::string at_limit(LogLineLimits::message_bytes_max, 'x');

  EXPECT_THAT(line_saying(at_limit, LogStyle::json), Not(HasSubstr("truncated")));
  EXPECT_THAT(line_saying(at_limit + "x", LogStyle::json),
              HasSubstr("\",\"service\":\"payments\",\"truncated\":true}"));
  EXPECT_THAT(line_saying(at_limit + "x", LogStyle::human), HasSubstr("x (truncated)\n"));
  EXPECT_LT(line_saying(std::string(10'000'000, 'x'), LogStyle::json).size(), LogLineLimits::message_bytes_max + 200);
}

TEST(LogLine, stops_at_its_limit_and_stays_valid_json) {
  const std::string value(10'000, 'v');
  std::vector<Attribute> attributes(100, Attribute{"name", value});
  const auto text = line({.time = a_time, .service = "s", .message = "m", .attributes = attributes}, LogStyle::json);

  EXPECT_LT(text.size(), LogLineLimits::line_bytes_max + LogLineLimits::value_bytes_max + 200);
  EXPECT_THAT(text, HasSubstr("},\"truncated\":true}\n"));
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(text).error(), simdjson::SUCCESS);
}

TEST(LogLine, is_json_whatever_bytes_come_in) {
  simdjson::dom::parser parser;
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte.push_back(static_cast<char>(i));
  const std::array<Attribute, 1> attributes{{{every_byte, every_byte}}};
  const auto text = line({.time = a_time,
                          .service = every_byte,
                          .message = every_byte,
                          .scope = {.request_id = every_byte, .method = every_byte},
                          .attributes = attributes},
                         LogStyle::json);

  EXPECT_EQ(parser.parse(text).error(), simdjson::SUCCESS);
}

}  // namespace
}  // namespace tutti::observe
