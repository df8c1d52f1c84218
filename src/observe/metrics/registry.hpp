// All metrics of one service on one shard, as the exporter sees them: families (one name, one kind) of series (one set
// of labels). Both only ever grow, so references to them stay valid and the exporter needs the lock only to walk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tutti/metrics.hpp>

namespace tutti::observe {

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

using OwnedLabels = std::vector<std::pair<std::string, std::string>>;  // sorted by name

// A family's identity and its words.
struct MetricAbout {
  std::string name;     // OpenTelemetry's: "http.server.request.duration"
  std::string exposed;  // Prometheus': "http_server_request_duration_seconds"
  MetricKind kind = MetricKind::counter;
  std::string unit;
  std::string description;
  std::vector<double> bounds;  // of a histogram
};

class Family {
 public:
  struct Series {
    OwnedLabels labels;
    std::variant<CounterSeries, GaugeSeries, HistogramSeries, std::unique_ptr<detail::Observed>> cell;

    template <class... Args>
    explicit Series(OwnedLabels its_labels, Args&&... args)
        : labels(std::move(its_labels)), cell(std::forward<Args>(args)...) {}
  };

  Family(MetricAbout about, const MetricsLimits& limits, CounterSeries& overflowed)
      : about_(std::move(about)), limits_(limits), overflowed_(overflowed) {}

  [[nodiscard]] const MetricAbout& about() const noexcept { return about_; }

  // Finds or makes. Cell is one of the three kinds of series, the one of about().kind.
  template <class Cell>
  [[nodiscard]] Cell& with(std::span<const Label> labels);
  void observe(std::span<const Label> labels, std::unique_ptr<detail::Observed> observed);

  // Calls `visit(const Series&)` for each, under the lock.
  template <class Visit>
  void each(Visit visit) const {
    const std::lock_guard lock(mutex_);
    for (const auto& series : series_) visit(series);
  }

 private:
  template <class Cell>
  [[nodiscard]] Series& make(OwnedLabels labels);
  [[nodiscard]] Series* find(std::span<const Label> sorted) noexcept;

  const MetricAbout about_;
  const MetricsLimits& limits_;
  CounterSeries& overflowed_;
  mutable std::mutex mutex_;  // never held across a wait
  std::deque<Series> series_;
  std::multimap<std::size_t, Series*> by_hash_;
};

class Registry {
 public:
  Registry(std::span<const Label> labels, const MetricsLimits& limits);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  struct Entry {
    std::unique_ptr<Family> family;
    std::variant<std::monostate, std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>> handle;
  };

  [[nodiscard]] Entry& entry(std::string_view name, MetricKind kind, const Instrument& about,
                             std::span<const double> bounds = {});

  [[nodiscard]] const OwnedLabels& labels() const noexcept { return labels_; }
  // Calls `visit(const Family&)` for each.
  template <class Visit>
  void each(Visit visit) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [exposed, entry] : entries_) visit(static_cast<const Family&>(*entry.family));
  }

 private:
  const MetricsLimits limits_;
  const OwnedLabels labels_;
  CounterSeries overflowed_;  // handed to families; exported as tutti.metrics.overflows
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;  // by exposed name
};

}  // namespace tutti::observe
