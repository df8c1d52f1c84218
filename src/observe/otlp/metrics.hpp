// Metrics as the body of an OTLP/HTTP request in JSON (opentelemetry-proto, metrics/v1/metrics.proto): sums and
// histograms are cumulative since the start of the process, so that a body that is lost costs resolution only.
#pragma once

#include <span>
#include <string>

#include <tutti/metrics.hpp>

#include "observe/otlp/json.hpp"

namespace tutti::observe {

class OtlpMetricEncoder {
 public:
  OtlpMetricEncoder(const OtlpResource& resource, Time start);
  // An ExportMetricsServiceRequest of all that `parts` hold now.
  [[nodiscard]] std::string encode(std::span<const Metrics* const> parts, Time now) const;

 private:
  std::string head_;  // everything up to the metrics, the same each time
  Time start_;
};

}  // namespace tutti::observe
