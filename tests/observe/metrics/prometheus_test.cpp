#include "observe/metrics/prometheus.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <class... M>
std::string text_of(const M&... metrics) {
  const std::array<const Metrics*, sizeof...(M)> parts{&metrics...};
  return prometheus_text(parts);
}

TEST(Prometheus, writes_counters_gauges_and_histograms) {
  Metrics metrics;
  metrics.counter("shop.orders.placed", {.description = "Orders stored"}).add(3, {{"state", "paid"}});
  metrics.gauge("shop.stock", {.unit = "{piece}"}).set(2.5);
  const std::array<double, 2> bounds{0.1, 1};
  auto& scale = metrics.histogram("shop.scale", {.unit = "s", .description = "Time to scale"}, bounds);
  scale.record(0.05);
  scale.record(0.5);
  scale.record(7.0);

  EXPECT_EQ(text_of(metrics),
            "# HELP shop_orders_placed_total Orders stored\n"
            "# TYPE shop_orders_placed_total counter\n"
            "shop_orders_placed_total{state=\"paid\"} 3\n"
            "# HELP shop_scale_seconds Time to scale\n"
            "# TYPE shop_scale_seconds histogram\n"
            "shop_scale_seconds_bucket{le=\"0.1\"} 1\n"
            "shop_scale_seconds_bucket{le=\"1\"} 2\n"
            "shop_scale_seconds_bucket{le=\"+Inf\"} 3\n"
            "shop_scale_seconds_sum 7.55\n"
            "shop_scale_seconds_count 3\n"
            "# HELP shop_stock shop.stock\n"
            "# TYPE shop_stock gauge\n"
            "shop_stock 2.5\n"
            "# HELP tutti_metrics_overflows_total Look-ups of a label set beyond the limit of series of a metric\n"
            "# TYPE tutti_metrics_overflows_total counter\n"
            "tutti_metrics_overflows_total 0\n");
}

TEST(Prometheus, sums_shards_and_keeps_services_apart) {
  Metrics orders_0({{"service.name", "orders"}});
  Metrics orders_1({{"service.name", "orders"}});
  Metrics payments({{"service.name", "payments"}});
  orders_0.counter("calls").add(1);
  orders_1.counter("calls").add(2);
  payments.counter("calls").add(4);
  orders_0.histogram("h").record(0.001);
  orders_1.histogram("h").record(0.001);

  const auto text = text_of(orders_0, orders_1, payments);

  EXPECT_THAT(text, HasSubstr("calls_total{service_name=\"orders\"} 3\ncalls_total{service_name=\"payments\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("h_seconds_bucket{service_name=\"orders\",le=\"0.005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("h_seconds_count{service_name=\"orders\"} 2\n"));
}

TEST(Prometheus, counts_exactly_beyond_what_a_double_can) {
  Metrics metrics;
  metrics.counter("c").add((std::uint64_t{1} << 53) + 1);

  EXPECT_THAT(text_of(metrics), HasSubstr("\nc_total 9007199254740993\n"));
}

TEST(Prometheus, escapes_label_values_and_help) {
  Metrics metrics;
  metrics.counter("c", {.description = "a\\b\nc \"d\""}).add(1, {{"x", "a\\b\nc \"d\" \xFF"}});

  const auto text = text_of(metrics);

  EXPECT_THAT(text, HasSubstr("# HELP c_total a\\\\b\\nc \"d\"\n"));
  EXPECT_THAT(text, HasSubstr("c_total{x=\"a\\\\b\\nc \\\"d\\\" \xEF\xBF\xBD\"} 1\n"));
}

TEST(Prometheus, writes_values_that_are_no_numbers) {
  Metrics metrics;
  metrics.gauge("nan").set(std::numeric_limits<double>::quiet_NaN());
  metrics.gauge("up").set(std::numeric_limits<double>::infinity());
  metrics.gauge("down").set(-std::numeric_limits<double>::infinity());

  EXPECT_THAT(text_of(metrics), HasSubstr("\nnan NaN\n"));
  EXPECT_THAT(text_of(metrics), HasSubstr("\nup +Inf\n"));
  EXPECT_THAT(text_of(metrics), HasSubstr("\ndown -Inf\n"));
}

TEST(Prometheus, leaves_out_empty_labels_and_second_ones_of_the_same_name) {
  Metrics metrics;
  metrics.counter("c").add(1, {{"route", ""}, {"method", "GET"}});
  metrics.counter("d").add(1, {{"a.b", "1"}, {"a_b", "2"}});

  EXPECT_THAT(text_of(metrics), HasSubstr("\nc_total{method=\"GET\"} 1\n"));
  EXPECT_THAT(text_of(metrics), HasSubstr("\nd_total{a_b=\"1\"} 1\n"));
}

TEST(Prometheus, leaves_out_a_metric_that_clashes_with_another_service_s) {
  Metrics one;
  Metrics two;
  one.gauge("jobs").set(1);
  const std::array<double, 1> bounds{1};
  two.histogram("jobs", {}, bounds).record(1);

  const auto text = text_of(one, two);

  EXPECT_THAT(text, HasSubstr("jobs 1\n# left out: jobs of another kind or with other buckets\n"));
  EXPECT_THAT(text, Not(HasSubstr("jobs_bucket")));
}

TEST(Prometheus, names_metrics_as_opentelemetry_s_rules_say) {
  EXPECT_EQ(prometheus_name("http.server.request.duration", "s", MetricKind::histogram),
            "http_server_request_duration_seconds");
  EXPECT_EQ(prometheus_name("process.cpu", "s", MetricKind::counter), "process_cpu_seconds_total");
  EXPECT_EQ(prometheus_name("sent_bytes_total", "By", MetricKind::counter), "sent_bytes_total");
  EXPECT_EQ(prometheus_name("a..b-c__d", "{order}", MetricKind::gauge), "a_b_c_d");
  EXPECT_EQ(prometheus_label("http.request.method"), "http_request_method");
}

}  // namespace
}  // namespace tutti::observe
