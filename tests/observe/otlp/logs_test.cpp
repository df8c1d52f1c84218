#include "observe/otlp/logs.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "observe/given.hpp"
#include "observe/log/channel.hpp"

namespace tutti::observe {
namespace {

struct ExportedLogs : ::testing::Test {
  // What was logged so far, as the collector reads it.
  simdjson::dom::element sent() {
    std::vector<std::unique_ptr<OwnedLogRecord>> records;
    queue.take(records, 100);
    body = OtlpLogEncoder({.service_name = "shop", .service_version = "1.2", .instance_id = "i-1"}).encode(records);
    return parser.parse(body);
  }
  std::string_view text(simdjson::dom::element root, std::string_view pointer) {
    return root.at_pointer(pointer).get_string();
  }

  given::StandingClock clock;
  MemorySink lines;
  LogQueue queue{3};
  ExportingSink sink{lines, queue};
  LogChannel channel{{.service = "orders"}, clock, sink};
  simdjson::dom::parser parser;
  std::string body;
};

TEST_F(ExportedLogs, are_the_lines_with_their_attributes_and_trace) {
  TraceContext trace;
  trace.trace_id = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
  trace.span_id = {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};
  Logger(channel, trace, {.request_id = "r-1", .method = "orders.place"})
      .warn("a \"slow\" order", {{"order.id", "o-7"}, {"amount_minor", 1250}, {"paid", true}});

  const auto root = sent();
  const std::string record = "/resourceLogs/0/scopeLogs/0/logRecords/0";
  EXPECT_EQ(text(root, "/resourceLogs/0/resource/attributes/0/value/stringValue"), "shop");
  EXPECT_EQ(text(root, record + "/timeUnixNano"), "1786000000123456789");
  EXPECT_EQ(std::int64_t(root.at_pointer(record + "/severityNumber").get_int64()), 13);
  EXPECT_EQ(text(root, record + "/severityText"), "warn");
  EXPECT_EQ(text(root, record + "/body/stringValue"), "a \"slow\" order");
  EXPECT_EQ(text(root, record + "/traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(text(root, record + "/spanId"), "00f067aa0ba902b7");
  EXPECT_NE(
      body.find(
          R"({"key":"tutti.service","value":{"stringValue":"orders"}},{"key":"tutti.request_id","value":{"stringValue":"r-1"}},)"
          R"({"key":"tutti.method","value":{"stringValue":"orders.place"}},{"key":"order.id","value":{"stringValue":"o-7"}},)"
          R"({"key":"amount_minor","value":{"intValue":"1250"}},{"key":"paid","value":{"boolValue":true}})"),
      body.npos)
      << body;
  EXPECT_EQ(lines.take().size(), 1u);  // it is written as before
}

TEST_F(ExportedLogs, outside_of_requests_have_no_trace_and_below_the_level_there_are_none) {
  const Logger log(channel);
  log.debug("not this");
  log.error("but this");

  const auto root = sent();
  EXPECT_EQ(simdjson::dom::array(root.at_pointer("/resourceLogs/0/scopeLogs/0/logRecords").get_array()).size(), 1u);
  EXPECT_EQ(body.find("traceId"), body.npos);
  EXPECT_EQ(std::int64_t(root.at_pointer("/resourceLogs/0/scopeLogs/0/logRecords/0/severityNumber").get_int64()), 17);
}

TEST_F(ExportedLogs, over_the_queues_limit_are_counted_and_still_written) {
  for (int i = 0; i < 5; ++i) Logger(channel).info("again");

  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(queue.dropped(), 2u);
  EXPECT_EQ(lines.take().size(), 5u);
}

TEST_F(ExportedLogs, are_cut_as_lines_are) {
  Logger(channel).info(std::string(100'000, 'm'), {{"one", std::string(100'000, 'v')}});

  (void)sent();
  EXPECT_LT(body.size(), 20'000u);
}

}  // namespace
}  // namespace tutti::observe
