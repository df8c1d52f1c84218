// The metrics of all shards and services of a process as one: series that carry the same labels are summed.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/metrics.hpp>

#include "observe/metrics/registry.hpp"

namespace tutti::observe {

// One number, or a histogram.
struct MergedSeries {
  OwnedLabels labels;       // of the service, then its own
  double value = 0;         // a histogram's sum
  std::uint64_t count = 0;  // a counter's, exact beyond 2^53
  std::vector<std::uint64_t> buckets = {};
};

struct MergedFamily {
  const MetricAbout* about = nullptr;
  std::map<std::string, MergedSeries> series =
      {};  // by the text of their labels as Prometheus reads it: a steady order
};

struct MergedMetrics {
  std::map<std::string_view, MergedFamily> families = {};  // by exposed name
  // By exposed name: clash with an earlier one (same name, another kind or other buckets, from another service).
  std::map<std::string_view, std::string_view> left_out = {};
};

// Refers to the parts. Thread-safe. Calls the functions given to Metrics::observe.
[[nodiscard]] MergedMetrics merge(std::span<const Metrics* const> parts);

}  // namespace tutti::observe
