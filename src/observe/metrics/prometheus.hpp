// The text that Prometheus reads (exposition format 0.0.4), made from the metrics of all shards and services of a
// process: the series that carry the same labels are summed. Names are translated as OpenTelemetry's compatibility
// document says: dots become underscores, the unit becomes a suffix, counters end in _total.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <tutti/metrics.hpp>

#include "observe/metrics/registry.hpp"

namespace tutti::observe {

inline constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

// Metrics that clash with an earlier one (same name, another kind or other buckets, from another service) are left out
// and named in a comment. Thread-safe. Calls the functions given to Metrics::observe.
[[nodiscard]] std::string prometheus_text(std::span<const Metrics* const> parts);

// "http.server.request.duration", "s", histogram -> "http_server_request_duration_seconds".
[[nodiscard]] std::string prometheus_name(std::string_view name, std::string_view unit, MetricKind kind);
// "http.route" -> "http_route".
[[nodiscard]] std::string prometheus_label(std::string_view name);

// http_route="/orders",service_name="orders": of a series of a service whose series all have `all`.
[[nodiscard]] std::string prometheus_labels(const OwnedLabels& all, const OwnedLabels& own);

}  // namespace tutti::observe
