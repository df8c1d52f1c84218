#include "observe/otlp/metrics.hpp"

#include "observe/metrics/merged.hpp"
#include "observe/text.hpp"

namespace tutti::observe {
namespace {

constexpr std::string_view cumulative = "\"aggregationTemporality\":2";

void append_long(std::string& out, std::string_view name, std::uint64_t number) {
  out.append(",\"").append(name).append("\":\"");
  append_number(out, number);
  out.push_back('"');
}

struct Times {
  Time start;
  Time now;
};

void begin_point(std::string& out, const MergedSeries& series, const Times& times) {
  OwnedAttributes attributes;
  for (const auto& [name, value] : series.labels) attributes.emplace_back(name, value);
  out.push_back('{');
  append_attributes(out, attributes);
  out.push_back(',');
  append_nanoseconds(out, "startTimeUnixNano", times.start);
  out.push_back(',');
  append_nanoseconds(out, "timeUnixNano", times.now);
}

void append_number_point(std::string& out, MetricKind kind, const MergedSeries& series) {
  const bool whole = kind == MetricKind::counter && series.value == 0;
  if (whole) return append_long(out, "asInt", series.count);
  out.append(",\"asDouble\":");
  append_json(out, series.value + static_cast<double>(series.count));
}

void append_histogram_point(std::string& out, const std::vector<double>& bounds, const MergedSeries& series) {
  std::uint64_t count = 0;
  for (const std::uint64_t in_bucket : series.buckets) count += in_bucket;
  append_long(out, "count", count);
  out.append(",\"sum\":");
  append_json(out, series.value);
  out.append(",\"bucketCounts\":[");
  for (std::size_t i = 0; i < series.buckets.size(); ++i) {
    out.append(i == 0 ? "\"" : ",\"");
    append_number(out, series.buckets[i]);
    out.push_back('"');
  }
  out.append("],\"explicitBounds\":[");
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_json(out, bounds[i]);
  }
  out.push_back(']');
}

void append_metric(std::string& out, const MergedFamily& family, const Times& times) {
  const MetricAbout& about = *family.about;
  out.append("{\"name\":");
  append_json(out, std::string_view(about.name));
  if (!about.description.empty()) append_text_member(out, "description", about.description);
  if (!about.unit.empty()) append_text_member(out, "unit", about.unit);
  switch (about.kind) {
    case MetricKind::counter:
      out.append(",\"sum\":{\"isMonotonic\":true,").append(cumulative).append(",\"dataPoints\":[");
      break;
    case MetricKind::gauge:
      out.append(",\"gauge\":{\"dataPoints\":[");
      break;
    case MetricKind::histogram:
      out.append(",\"histogram\":{").append(cumulative).append(",\"dataPoints\":[");
      break;
  }
  bool first = true;
  for (const auto& [labels, series] : family.series) {
    if (!first) out.push_back(',');
    first = false;
    begin_point(out, series, times);
    if (about.kind == MetricKind::histogram) {
      append_histogram_point(out, about.bounds, series);
    } else {
      append_number_point(out, about.kind, series);
    }
    out.push_back('}');
  }
  out.append("]}}");
}

}  // namespace

OtlpMetricEncoder::OtlpMetricEncoder(const OtlpResource& resource, Time start) : start_(start) {
  head_.append("{\"resourceMetrics\":[{");
  append_resource(head_, resource);
  head_.append(",\"scopeMetrics\":[{\"scope\":{\"name\":\"tutti\"},\"metrics\":[");
}

std::string OtlpMetricEncoder::encode(std::span<const Metrics* const> parts, Time now) const {
  std::string out = head_;
  bool first = true;
  const MergedMetrics merged = merge(parts);
  for (const auto& [exposed, family] : merged.families) {
    if (family.series.empty()) continue;
    if (!first) out.push_back(',');
    first = false;
    append_metric(out, family, {start_, now});
  }
  out.append("]}]}]}");
  return out;
}

}  // namespace tutti::observe
