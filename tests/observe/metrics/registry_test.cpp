#include "observe/metrics/registry.hpp"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tutti/error.hpp>

#include "observe/metrics/prometheus.hpp"

namespace tutti::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string text_of(const Metrics& metrics) {
  const std::array<const Metrics*, 1> parts{&metrics};
  return prometheus_text(parts);
}

template <class F>
Error thrown_by(F body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::ok, "nothing was thrown");
}

TEST(Metrics, gives_the_same_series_for_the_same_labels_in_any_order) {
  Metrics metrics;
  auto& placed = metrics.counter("shop.orders.placed");

  auto& one = placed.with({{"state", "paid"}, {"region", "eu"}});
  auto& same = placed.with({{"region", "eu"}, {"state", "paid"}});
  auto& other = placed.with({{"region", "us"}, {"state", "paid"}});

  EXPECT_EQ(&one, &same);
  EXPECT_NE(&one, &other);
  EXPECT_EQ(&placed, &metrics.counter("shop.orders.placed"));
}

TEST(Metrics, counts_measures_and_sorts_into_buckets) {
  Metrics metrics;
  auto& counter = metrics.counter("c").with({{"a", "b"}});
  auto& gauge = metrics.gauge("g").with({{"a", "b"}});
  auto& histogram = metrics.histogram("h").with({{"a", "b"}});

  metrics.counter("c").add(2, {{"a", "b"}});
  counter.add();
  metrics.gauge("g").set(5, {{"a", "b"}});
  gauge.add(-1.5);
  histogram.record(0.005);  // equal to a bound: within
  histogram.record(std::chrono::milliseconds(6));
  histogram.record(11.0);

  EXPECT_EQ(counter.value(), 3u);
  EXPECT_EQ(gauge.value(), 3.5);
  EXPECT_EQ(histogram.in_bucket(0), 1u);
  EXPECT_EQ(histogram.in_bucket(1), 1u);
  EXPECT_EQ(histogram.in_bucket(duration_bounds.size()), 1u);
  EXPECT_DOUBLE_EQ(histogram.sum(), 11.011);
}

TEST(Metrics, counts_a_value_that_is_no_number_as_above_all_bounds) {
  Metrics metrics;
  auto& histogram = metrics.histogram("h").with({{"a", "b"}});

  histogram.record(std::numeric_limits<double>::quiet_NaN());

  EXPECT_EQ(histogram.in_bucket(duration_bounds.size()), 1u);
}

TEST(Metrics, is_exact_when_threads_share_a_series) {
  Metrics metrics;
  auto& counter = metrics.counter("c");
  std::vector<std::thread> threads;

  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&counter, &metrics] {
      for (int i = 0; i < 5'000; ++i) {
        counter.add();
        counter.add(1, {{"digit", std::to_string(i % 10)}});
        if (i % 1'000 == 0) (void)text_of(metrics);
      }
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_THAT(text_of(metrics), HasSubstr("\nc_total 20000\n"));
  EXPECT_THAT(text_of(metrics), HasSubstr("c_total{digit=\"3\"} 2000\n"));
}

TEST(Metrics, keeps_cells_of_different_series_on_different_cache_lines) {
  EXPECT_GE(alignof(CounterSeries), 64u);
  EXPECT_GE(alignof(GaugeSeries), 64u);
  EXPECT_GE(alignof(HistogramSeries), 64u);
}

TEST(Metrics, bounds_the_number_of_label_sets_per_metric) {
  Metrics metrics({}, {.series_max = 3});
  auto& counter = metrics.counter("c");

  for (const auto* user : {"1", "2", "3", "4", "5", "1"}) counter.add(1, {{"user", user}});

  const auto text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("c_total{otel_metric_overflow=\"true\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("c_total{user=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("c_total{user=\"3\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("user=\"4\"")));
  EXPECT_THAT(text, HasSubstr("tutti_metrics_overflows_total 2\n"));
}

TEST(Metrics, cuts_long_label_values) {
  Metrics metrics({}, {.label_bytes_max = 4});

  EXPECT_EQ(&metrics.counter("c").with({{"a", "12345"}}), &metrics.counter("c").with({{"a", "1234"}}));
  EXPECT_NE(&metrics.counter("c").with({{"a", "123"}}), &metrics.counter("c").with({{"a", "1234"}}));
}

TEST(Metrics, refuses_labels_that_cannot_be) {
  Metrics metrics({}, {.labels_max = 2});
  auto& counter = metrics.counter("c");

  EXPECT_EQ(thrown_by([&] {
              counter.add(1, {{"a", ""}, {"b", ""}, {"c", ""}});
            }).what(),
            std::string("metric \"c\" got 3 labels; at most 2 are allowed"));
  EXPECT_THAT(thrown_by([&] { counter.add(1, {{"", "x"}}); }).what(), HasSubstr("\"\" is no label name"));
  EXPECT_THAT(thrown_by([&] { counter.add(1, {{"le", "x"}}); }).what(), HasSubstr("\"le\" is no label name"));
  EXPECT_THAT(thrown_by([&] { counter.add(1, {{"a", "x"}, {"a", "y"}}); }).what(), HasSubstr("the label \"a\" twice"));
  EXPECT_EQ(thrown_by([&] { counter.add(1, {{"a b", "x"}}); }).code(), Code::invalid_argument);
  EXPECT_NO_THROW(counter.add(1, {{"a", "x"}, {"b", "y"}}));
}

TEST(Metrics, refuses_names_that_cannot_be_and_names_that_clash) {
  Metrics metrics;
  (void)metrics.counter("shop.orders");

  EXPECT_EQ(thrown_by([&] { (void)metrics.counter("1st"); }).code(), Code::invalid_argument);
  EXPECT_EQ(thrown_by([&] { (void)metrics.counter(""); }).code(), Code::invalid_argument);
  EXPECT_EQ(
      thrown_by([&] { (void)metrics.gauge("shop.orders.total"); }).what(),
      std::string("metric \"shop.orders.total\" (gauge, unit \"\") would be \"shop_orders_total\", which is already "
                  "metric \"shop.orders\" (counter, unit \"\"); choose another name"));
  EXPECT_EQ(thrown_by([&] { (void)metrics.counter("shop_orders"); }).code(), Code::failed_precondition);
  EXPECT_EQ(thrown_by([&] { (void)metrics.counter("shop.orders", {.unit = "{order}"}); }).code(),
            Code::failed_precondition);
}

TEST(Metrics, refuses_bounds_that_do_not_rise_or_are_too_many) {
  Metrics metrics;
  const std::vector<double> falling{1, 2, 2};
  std::vector<double> many;
  for (std::size_t i = 0; i < HistogramSeries::bounds_max; ++i) many.push_back(static_cast<double>(i));

  EXPECT_EQ(thrown_by([&] { (void)metrics.histogram("falling", {}, falling); }).code(), Code::invalid_argument);
  EXPECT_NO_THROW((void)metrics.histogram("many", {}, many));
  many.push_back(1e9);
  EXPECT_EQ(thrown_by([&] { (void)metrics.histogram("too_many", {}, many); }).code(), Code::invalid_argument);
}

TEST(Metrics, reads_observed_values_when_somebody_looks) {
  Metrics metrics;
  int fibers = 3;
  metrics.observe("tutti.fibers", {.description = "Fibers"}, {{"shard", "0"}}, [&fibers] { return fibers; });
  metrics.observe_total("tutti.turns", {}, {}, [] { return 12u; });
  metrics.observe("tutti.broken", {}, {}, []() -> double { throw Error(Code::internal, "no"); });

  fibers = 4;

  EXPECT_THAT(text_of(metrics), HasSubstr("tutti_fibers{shard=\"0\"} 4\n"));
  EXPECT_THAT(text_of(metrics), HasSubstr("tutti_turns_total 12\n"));
  EXPECT_THAT(text_of(metrics), Not(HasSubstr("tutti_broken")));
}

TEST(Metrics, refuses_two_functions_or_a_hand_for_one_observed_series) {
  Metrics metrics;
  metrics.observe("g", {}, {}, [] { return 1; });

  EXPECT_EQ(thrown_by([&] { metrics.observe("g", {}, {}, [] { return 2; }); }).code(), Code::failed_precondition);
  EXPECT_EQ(thrown_by([&] { metrics.gauge("g").set(3); }).code(), Code::failed_precondition);
}

}  // namespace
}  // namespace tutti::observe
