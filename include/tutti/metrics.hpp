// Numbers about a running service, read by Prometheus from /metrics. A counter only grows, a gauge goes up and down, a
// histogram counts values by size. Labels split a metric into series: {{"state", "paid"}}. Names are OpenTelemetry's
// ("shop.orders.placed"); the exporter turns them into Prometheus' (shop_orders_placed_total).
//
//   auto& placed = app.metrics().counter("shop.orders.placed", {.description = "Orders stored"});
//   auto& paid = placed.with({{"state", "paid"}});   // resolved once
//   paid.add();                                      // one relaxed atomic addition
//
// Each shard of a service has its own Metrics, so no two shards write to the same cache line; the exporter sums them.
// Everything here is thread-safe. References stay valid as long as the Metrics they came from.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace tutti {

struct Label {
  std::string_view name;
  std::string_view value;
};

// The unit is UCUM's, as in OpenTelemetry: "s", "By", "1", "{order}".
struct Instrument {
  std::string_view unit = {};
  std::string_view description = {};
};

namespace observe {
class Registry;
class Family;
}  // namespace observe

class alignas(64) CounterSeries {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class alignas(64) GaugeSeries {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double difference) noexcept { value_.fetch_add(difference, std::memory_order_relaxed); }
  [[nodiscard]] double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class alignas(64) HistogramSeries {
 public:
  static constexpr std::size_t bounds_max = 30;

  explicit HistogramSeries(std::span<const double> bounds) noexcept : bounds_(bounds) {}

  // A value equal to a bound belongs to its bucket ("le").
  void record(double value) noexcept {
    std::size_t bucket = 0;
    while (bucket < bounds_.size() && !(value <= bounds_[bucket])) ++bucket;
    buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }
  void record(std::chrono::nanoseconds duration) noexcept { record(static_cast<double>(duration.count()) * 1e-9); }

  [[nodiscard]] std::span<const double> bounds() const noexcept { return bounds_; }
  // Not cumulative; index bounds().size() holds what is above the last bound.
  [[nodiscard]] std::uint64_t in_bucket(std::size_t bucket) const noexcept {
    return buckets_[bucket].load(std::memory_order_relaxed);
  }
  [[nodiscard]] double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

 private:
  std::span<const double> bounds_;
  std::atomic<double> sum_{0};
  std::array<std::atomic<std::uint64_t>, bounds_max + 1> buckets_{};
};

// Seconds, as OpenTelemetry's conventions ask for request durations.
inline constexpr std::array<double, 14> duration_bounds{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                                        0.5,   0.75, 1,     2.5,  5,     7.5, 10};

// Of all three: `with` finds or makes the series of a label set, whatever the order of the labels. Beyond
// MetricsLimits::series_max the one series {otel.metric.overflow="true"} is returned. Keep the reference on hot paths:
// looking it up takes a lock. Throws tutti::Error invalid_argument for a label name that is not one or for too many
// labels.
class Counter {
 public:
  explicit Counter(observe::Family& family) noexcept : family_(family) {}
  [[nodiscard]] CounterSeries& with(std::span<const Label> labels);
  [[nodiscard]] CounterSeries& with(std::initializer_list<Label> labels);
  void add(std::uint64_t n = 1);
  void add(std::uint64_t n, std::initializer_list<Label> labels) { with(labels).add(n); }

 private:
  observe::Family& family_;
  std::atomic<CounterSeries*> plain_{nullptr};  // the series without labels exists once it is used
};

class Gauge {
 public:
  explicit Gauge(observe::Family& family) noexcept : family_(family) {}
  [[nodiscard]] GaugeSeries& with(std::span<const Label> labels);
  [[nodiscard]] GaugeSeries& with(std::initializer_list<Label> labels);
  void set(double value);
  void set(double value, std::initializer_list<Label> labels) { with(labels).set(value); }
  void add(double difference);
  void add(double difference, std::initializer_list<Label> labels) { with(labels).add(difference); }

 private:
  [[nodiscard]] GaugeSeries& plain();
  observe::Family& family_;
  std::atomic<GaugeSeries*> plain_{nullptr};
};

class Histogram {
 public:
  explicit Histogram(observe::Family& family) noexcept : family_(family) {}
  [[nodiscard]] HistogramSeries& with(std::span<const Label> labels);
  [[nodiscard]] HistogramSeries& with(std::initializer_list<Label> labels);
  void record(double value) { plain().record(value); }
  void record(double value, std::initializer_list<Label> labels) { with(labels).record(value); }
  void record(std::chrono::nanoseconds duration) { plain().record(duration); }
  void record(std::chrono::nanoseconds duration, std::initializer_list<Label> labels) { with(labels).record(duration); }

 private:
  [[nodiscard]] HistogramSeries& plain();
  observe::Family& family_;
  std::atomic<HistogramSeries*> plain_{nullptr};
};

struct MetricsLimits {
  std::size_t series_max = 1000;      // label sets per metric and shard
  std::size_t labels_max = 8;         // per series
  std::size_t label_bytes_max = 256;  // a longer value is cut
};

namespace detail {
// What a gauge or counter read by a function is to the exporter.
class Observed {
 public:
  virtual ~Observed() = default;
  [[nodiscard]] virtual double read() = 0;
};
template <class F>
class ObservedBy final : public Observed {
 public:
  explicit ObservedBy(F read) : read_(std::move(read)) {}
  [[nodiscard]] double read() override { return static_cast<double>(read_()); }

 private:
  F read_;
};
}  // namespace detail

class Metrics {
 public:
  // The labels are added to every series: {{"service.name", "payments"}} where several services share a process.
  explicit Metrics(std::initializer_list<Label> labels = {}, const MetricsLimits& limits = {});
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  // The same name gives the same metric. Throws tutti::Error: invalid_argument for a name that is not one,
  // failed_precondition if it is already used for another kind or with another unit, or if two names are one in
  // Prometheus.
  [[nodiscard]] Counter& counter(std::string_view name, const Instrument& about = {});
  [[nodiscard]] Gauge& gauge(std::string_view name, const Instrument& about = {});
  // Bounds rise; at most HistogramSeries::bounds_max.
  [[nodiscard]] Histogram& histogram(std::string_view name, const Instrument& about = {.unit = "s"},
                                     std::span<const double> bounds = duration_bounds);

  // A gauge that is read when somebody looks. The function is called from the thread that exports, must be quick, must
  // not throw (a throw leaves the series out of that export) and what it refers to outlives this object.
  template <class F>
  void observe(std::string_view name, const Instrument& about, std::initializer_list<Label> labels, F read) {
    observe_gauge(name, about, labels, std::make_unique<detail::ObservedBy<F>>(std::move(read)));
  }
  // The same for a number that only grows.
  template <class F>
  void observe_total(std::string_view name, const Instrument& about, std::initializer_list<Label> labels, F read) {
    observe_counter(name, about, labels, std::make_unique<detail::ObservedBy<F>>(std::move(read)));
  }

  [[nodiscard]] const observe::Registry& registry() const noexcept { return *registry_; }  // for exporters

 private:
  void observe_gauge(std::string_view name, const Instrument& about, std::initializer_list<Label> labels,
                     std::unique_ptr<detail::Observed> observed);
  void observe_counter(std::string_view name, const Instrument& about, std::initializer_list<Label> labels,
                       std::unique_ptr<detail::Observed> observed);

  std::unique_ptr<observe::Registry> registry_;
};

}  // namespace tutti
