#include "observe/otlp/metrics.hpp"

#include <array>

#include <gtest/gtest.h>
#include <simdjson.h>

namespace tutti::observe {
namespace {

const OtlpResource orders{.service_name = "orders", .service_version = "1.2", .instance_id = "orders-1"};

// The body's metrics by name.
struct Sent {
  explicit Sent(std::initializer_list<const Metrics*> parts)
      : body(OtlpMetricEncoder(orders, Time{std::chrono::seconds(1)})
                 .encode(std::vector<const Metrics*>(parts), Time{std::chrono::seconds(2)})),
        root(parser.parse(body)) {}
  simdjson::dom::element metric(std::string_view name) {
    for (const simdjson::dom::element each : root.at_pointer("/resourceMetrics/0/scopeMetrics/0/metrics").get_array()) {
      if (std::string_view(each["name"].get_string()) == name) return each;
    }
    throw std::runtime_error("there is no such metric in " + body);
  }
  std::string_view text(std::string_view name, std::string_view pointer) {
    return metric(name).at_pointer(pointer).get_string();
  }
  double number(std::string_view name, std::string_view pointer) {
    return metric(name).at_pointer(pointer).get_double();
  }

  std::string body;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
};

TEST(OtlpMetrics, sums_counters_over_shards_and_keeps_their_labels) {
  Metrics first({{"service.name", "orders"}});
  Metrics second({{"service.name", "orders"}});
  first.counter("shop.orders.placed", {.unit = "{order}", .description = "Orders stored"}).add(3, {{"state", "paid"}});
  second.counter("shop.orders.placed", {.unit = "{order}", .description = "Orders stored"}).add(4, {{"state", "paid"}});

  Sent sent({&first, &second});

  EXPECT_EQ(sent.text("shop.orders.placed", "/description"), "Orders stored");
  EXPECT_EQ(sent.text("shop.orders.placed", "/unit"), "{order}");
  EXPECT_EQ(sent.text("shop.orders.placed", "/sum/dataPoints/0/asInt"), "7");
  EXPECT_EQ(sent.text("shop.orders.placed", "/sum/dataPoints/0/startTimeUnixNano"), "1000000000");
  EXPECT_EQ(sent.text("shop.orders.placed", "/sum/dataPoints/0/timeUnixNano"), "2000000000");
  EXPECT_TRUE(bool(sent.metric("shop.orders.placed").at_pointer("/sum/isMonotonic").get_bool()));
  EXPECT_EQ(std::int64_t(sent.metric("shop.orders.placed").at_pointer("/sum/aggregationTemporality").get_int64()), 2);
  EXPECT_NE(
      sent.body.find(
          R"("attributes":[{"key":"service.name","value":{"stringValue":"orders"}},{"key":"state","value":{"stringValue":"paid"}}])"),
      sent.body.npos)
      << sent.body;
}

TEST(OtlpMetrics, gauges_are_read_when_they_are_sent) {
  Metrics metrics;
  metrics.gauge("queue.length").set(2.5);
  metrics.observe("workers", {}, {}, [] { return 4; });
  metrics.observe_total("jobs", {}, {}, [] { return 9; });

  Sent sent({&metrics});

  EXPECT_EQ(sent.number("queue.length", "/gauge/dataPoints/0/asDouble"), 2.5);
  EXPECT_EQ(sent.number("workers", "/gauge/dataPoints/0/asDouble"), 4);
  EXPECT_EQ(sent.number("jobs", "/sum/dataPoints/0/asDouble"), 9);
}

TEST(OtlpMetrics, histograms_have_one_count_more_than_bounds) {
  Metrics metrics;
  constexpr std::array bounds{0.1, 1.0};
  auto& waited = metrics.histogram("waited", {.unit = "s"}, bounds);
  for (const double value : {0.05, 0.1, 0.5, 7.0}) waited.record(value);

  Sent sent({&metrics});

  EXPECT_EQ(sent.text("waited", "/histogram/dataPoints/0/count"), "4");
  EXPECT_DOUBLE_EQ(sent.number("waited", "/histogram/dataPoints/0/sum"), 7.65);
  EXPECT_NE(sent.body.find(R"("bucketCounts":["2","1","1"],"explicitBounds":[0.1,1)"), sent.body.npos) << sent.body;
}

TEST(OtlpMetrics, without_a_value_are_left_out) {
  Metrics metrics;
  (void)metrics.counter("never.used");
  metrics.counter("used").add(1);

  Sent sent({&metrics});

  EXPECT_EQ(sent.body.find("never.used"), sent.body.npos);
  EXPECT_EQ(sent.text("used", "/sum/dataPoints/0/asInt"), "1");
}

}  // namespace
}  // namespace tutti::observe
