#include "observe/metrics/prometheus.hpp"

#include <cmath>
#include <set>

#include "observe/metrics/merged.hpp"
#include "observe/text.hpp"

namespace tutti::observe {
namespace {

bool allowed(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// One underscore for each run of what Prometheus does not allow.
std::string with_underscores(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (allowed(c) && c != '_') {
      out.push_back(c);
    } else if (out.empty() || out.back() != '_') {
      out.push_back('_');
    }
  }
  return out;
}

// UCUM's units that our metrics use, as words. Others ("{order}") leave no trace; "1" is no suffix we would want.
std::string_view unit_word(std::string_view unit) {
  if (unit == "s") return "seconds";
  if (unit == "ms") return "milliseconds";
  if (unit == "By") return "bytes";
  if (unit == "%") return "percent";
  return {};
}

void append_suffix(std::string& name, std::string_view word) {
  if (word.empty() || name.ends_with(word)) return;
  name.append("_").append(word);
}

void append_value(std::string& out, double value) {
  if (std::isnan(value)) {
    out.append("NaN");
  } else if (std::isinf(value)) {
    out.append(value > 0 ? "+Inf" : "-Inf");
  } else {
    append_json(out, value);
  }
}

// Well-formed UTF-8 with the format's escapes.
void append_escaped(std::string& out, std::string_view text, std::string_view also_escaped) {
  while (!text.empty()) {
    const auto length = character_length(text);
    if (length == 0) {
      out.append("\xEF\xBF\xBD");
      text.remove_prefix(1);
      continue;
    }
    if (text[0] == '\n') {
      out.append("\\n");
    } else {
      if (text[0] == '\\' || also_escaped.find(text[0]) != std::string_view::npos) out.push_back('\\');
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.push_back(' ');
}

void append_histogram(std::string& out, const MetricAbout& about, const std::string& labels, const MergedSeries& sum) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < sum.buckets.size(); ++i) {
    count += sum.buckets[i];
    out.append(about.exposed).append("_bucket{").append(labels).append(labels.empty() ? "le=\"" : ",le=\"");
    append_value(out, i < about.bounds.size() ? about.bounds[i] : INFINITY);
    out.append("\"} ");
    append_number(out, count);
    out.push_back('\n');
  }
  append_sample(out, about.exposed, "_sum", labels);
  append_value(out, sum.value);
  out.push_back('\n');
  append_sample(out, about.exposed, "_count", labels);
  append_number(out, count);
  out.push_back('\n');
}

void append_family(std::string& out, const MergedFamily& merged) {
  const auto& about = *merged.about;
  if (merged.series.empty()) return;
  out.append("# HELP ").append(about.exposed).append(" ");
  append_escaped(out, about.description.empty() ? about.name : about.description, "");
  constexpr std::string_view types[] = {"counter", "gauge", "histogram"};
  out.append("\n# TYPE ").append(about.exposed).append(" ").append(types[static_cast<std::size_t>(about.kind)]);
  out.push_back('\n');
  for (const auto& [labels, sum] : merged.series) {
    if (about.kind == MetricKind::histogram) {
      append_histogram(out, about, labels, sum);
      continue;
    }
    append_sample(out, about.exposed, "", labels);
    if (about.kind == MetricKind::counter && sum.value == 0) {
      append_number(out, sum.count);
    } else {
      append_value(out, sum.value + static_cast<double>(sum.count));
    }
    out.push_back('\n');
  }
}

}  // namespace

std::string prometheus_name(std::string_view name, std::string_view unit, MetricKind kind) {
  auto out = with_underscores(name);
  if (kind == MetricKind::counter && out.ends_with("_total"))
    out.resize(out.size() - std::string_view("_total").size());
  append_suffix(out, unit_word(unit));
  if (kind == MetricKind::counter) append_suffix(out, "total");
  return out;
}

// http_route="/orders",service_name="orders"
std::string prometheus_labels(const OwnedLabels& all, const OwnedLabels& own) {
  std::string out;
  std::set<std::string> names;
  const auto append = [&](const OwnedLabels& labels) {
    for (const auto& [name, value] : labels) {
      if (value.empty()) continue;  // means "no such label" to Prometheus
      // A label twice ("a.b" and "a_b") would make Prometheus refuse the whole text: the first stays.
      const auto [exposed, fresh] = names.insert(prometheus_label(name));
      if (!fresh) continue;
      if (!out.empty()) out.push_back(',');
      out.append(*exposed).append("=\"");
      append_escaped(out, value, "\"");
      out.push_back('"');
    }
  };
  append(all);
  append(own);
  return out;
}

std::string prometheus_label(std::string_view name) { return with_underscores(name); }

std::string prometheus_text(std::span<const Metrics* const> parts) {
  const MergedMetrics all = merge(parts);
  std::string out;
  for (const auto& [exposed, merged] : all.families) {
    append_family(out, merged);
    if (const auto out_of_it = all.left_out.find(exposed); out_of_it != all.left_out.end()) {
      out.append("# left out: ").append(out_of_it->second).append(" of another kind or with other buckets\n");
    }
  }
  return out;
}

}  // namespace tutti::observe
