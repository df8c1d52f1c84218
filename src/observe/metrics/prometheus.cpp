#include "observe/metrics/prometheus.hpp"

#include <cmath>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <vector>

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

// What is summed over shards: one number, or a histogram.
struct Sum {
  double value = 0;
  std::uint64_t count = 0;  // a counter's, exact beyond 2^53
  std::vector<std::uint64_t> buckets;
};

struct MergedFamily {
  const MetricAbout* about = nullptr;
  std::map<std::string, Sum> series;  // by the text of their labels: a steady order
};

// http_route="/orders",service_name="orders"
std::string label_text(const OwnedLabels& all, const OwnedLabels& own) {
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

void add_series(MergedFamily& merged, const OwnedLabels& all, const Family::Series& series) {
  std::optional<double> observed;
  if (const auto* read = std::get_if<std::unique_ptr<detail::Observed>>(&series.cell)) {
    try {
      observed = (*read)->read();
    } catch (const std::exception&) {
      return;  // promised by Metrics::observe: this export goes without it
    }
  }
  auto& sum = merged.series[label_text(all, series.labels)];
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

void append_sample(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.push_back(' ');
}

void append_histogram(std::string& out, const MetricAbout& about, const std::string& labels, const Sum& sum) {
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

std::string prometheus_label(std::string_view name) { return with_underscores(name); }

std::string prometheus_text(std::span<const Metrics* const> parts) {
  std::map<std::string_view, MergedFamily> families;  // by exposed name
  std::map<std::string_view, std::string_view> left_out;
  for (const auto* part : parts) {
    const auto& registry = part->registry();
    registry.each([&](const Family& family) {
      auto& merged = families[family.about().exposed];
      if (merged.about == nullptr) merged.about = &family.about();
      if (merged.about->kind != family.about().kind || merged.about->bounds != family.about().bounds) {
        left_out[family.about().exposed] = family.about().name;
        return;
      }
      family.each([&](const Family::Series& series) { add_series(merged, registry.labels(), series); });
    });
  }

  std::string out;
  for (const auto& [exposed, merged] : families) {
    append_family(out, merged);
    if (left_out.contains(exposed)) {
      out.append("# left out: ").append(left_out[exposed]).append(" of another kind or with other buckets\n");
    }
  }
  return out;
}

}  // namespace tutti::observe
