#include "observe/metrics/merged.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <variant>

#include "observe/metrics/prometheus.hpp"

namespace tutti::observe {
namespace {

void add_series(MergedFamily& merged, const OwnedLabels& all, const Family::Series& series) {
  std::optional<double> observed;
  if (const auto* read = std::get_if<std::unique_ptr<detail::Observed>>(&series.cell)) {
    try {
      observed = (*read)->read();
    } catch (const std::exception&) {
      return;  // promised by Metrics::observe: this export goes without it
    }
  }
  auto& sum = merged.series[prometheus_labels(all, series.labels)];
  if (sum.labels.empty()) {
    sum.labels = all;
    sum.labels.insert(sum.labels.end(), series.labels.begin(), series.labels.end());
  }
  if (observed) {
    sum.value += *observed;
  } else if (const auto* counter = std::get_if<CounterSeries>(&series.cell)) {
    sum.count += counter->value();
  } else if (const auto* gauge = std::get_if<GaugeSeries>(&series.cell)) {
    sum.value += gauge->value();
  } else if (const auto* histogram = std::get_if<HistogramSeries>(&series.cell)) {
    sum.value += histogram->sum();
    sum.buckets.resize(histogram->bounds().size() + 1);
    for (std::size_t i = 0; i < sum.buckets.size(); ++i) sum.buckets[i] += histogram->in_bucket(i);
  }
}

}  // namespace

MergedMetrics merge(std::span<const Metrics* const> parts) {
  MergedMetrics all;
  for (const auto* part : parts) {
    const auto& registry = part->registry();
    registry.each([&](const Family& family) {
      auto& merged = all.families[family.about().exposed];
      if (merged.about == nullptr) merged.about = &family.about();
      if (merged.about->kind != family.about().kind || merged.about->bounds != family.about().bounds) {
        all.left_out[family.about().exposed] = family.about().name;
        return;
      }
      family.each([&](const Family::Series& series) { add_series(merged, registry.labels(), series); });
    });
  }
  return all;
}

}  // namespace tutti::observe
