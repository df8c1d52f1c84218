#include "observe/metrics/registry.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include <tutti/error.hpp>

#include "observe/metrics/prometheus.hpp"
#include "observe/text.hpp"

namespace tutti::observe {
namespace {

constexpr std::size_t labels_ever = 32;  // bounds the array on the stack; MetricsLimits::labels_max is what counts

bool good_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto inside = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= 255 && letter(name[0]) && std::all_of(name.begin(), name.end(), inside);
}

std::string quoted(std::string_view text) { return "\"" + std::string(cut(text, 64)) + "\""; }

// Labels in the order of their names, values cut to their limit, without copying text.
class SortedLabels {
 public:
  SortedLabels(std::span<const Label> labels, const MetricsLimits& limits, std::string_view metric) {
    const auto most = std::min(limits.labels_max, labels_ever);
    if (labels.size() > most) {
      throw Error(Code::invalid_argument, "metric " + quoted(metric) + " got " + std::to_string(labels.size()) +
                                              " labels; at most " + std::to_string(most) + " are allowed");
    }
    for (const auto& label : labels) {
      if (!good_name(label.name) || label.name == "le" || label.name == "quantile") {
        throw Error(Code::invalid_argument, "metric " + quoted(metric) + ": " + quoted(label.name) +
                                                " is no label name; expected a letter, then letters, digits, dots, "
                                                "dashes and underscores, and neither \"le\" nor \"quantile\"");
      }
      labels_[size_++] = {label.name, cut(label.value, limits.label_bytes_max)};
    }
    std::sort(labels_.begin(), labels_.begin() + static_cast<std::ptrdiff_t>(size_),
              [](const Label& a, const Label& b) { return a.name < b.name; });
    for (std::size_t i = 1; i < size_; ++i) {
      if (labels_[i].name == labels_[i - 1].name) {
        throw Error(Code::invalid_argument,
                    "metric " + quoted(metric) + " got the label " + quoted(labels_[i].name) + " twice; give it once");
      }
    }
  }
  [[nodiscard]] std::span<const Label> view() const noexcept { return std::span(labels_).first(size_); }

 private:
  std::array<Label, labels_ever> labels_{};
  std::size_t size_ = 0;
};

std::size_t hash_of(std::span<const Label> labels) noexcept {
  std::size_t hash = labels.size();
  const auto mix = [&hash](std::string_view text) {
    hash = (hash ^ std::hash<std::string_view>{}(text)) * 0x9E3779B97F4A7C15u;
  };
  for (const auto& label : labels) {
    mix(label.name);
    mix(label.value);
  }
  return hash;
}

OwnedLabels owned(std::span<const Label> labels) {
  OwnedLabels copies;
  for (const auto& label : labels) copies.emplace_back(label.name, label.value);
  return copies;
}

std::string_view word_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return "counter";
    case MetricKind::gauge:
      return "gauge";
    case MetricKind::histogram:
      return "histogram";
  }
  return "";
}

void check_bounds(std::string_view name, std::span<const double> bounds) {
  const bool rising = std::is_sorted(bounds.begin(), bounds.end(), std::less_equal<>{});
  if (bounds.size() <= HistogramSeries::bounds_max && rising) return;
  throw Error(Code::invalid_argument, "histogram " + quoted(name) + ": the bounds must rise and be at most " +
                                          std::to_string(HistogramSeries::bounds_max));
}

}  // namespace

Family::Series* Family::find(std::span<const Label> sorted) noexcept {
  const auto same = [](const Label& label, const auto& owned_label) {
    return label.name == owned_label.first && label.value == owned_label.second;
  };
  const auto [first, last] = by_hash_.equal_range(hash_of(sorted));
  for (auto i = first; i != last; ++i) {
    const auto& labels = i->second->labels;
    if (std::equal(sorted.begin(), sorted.end(), labels.begin(), labels.end(), same)) return i->second;
  }
  return nullptr;
}

template <class Cell>
Family::Series& Family::make(OwnedLabels labels) {
  if constexpr (std::is_same_v<Cell, HistogramSeries>) {
    return series_.emplace_back(std::move(labels), std::in_place_type<HistogramSeries>, about_.bounds);
  } else {
    return series_.emplace_back(std::move(labels), std::in_place_type<Cell>);
  }
}

template <class Cell>
Cell& Family::with(std::span<const Label> labels) {
  static constexpr std::array<Label, 1> overflow{{{"otel.metric.overflow", "true"}}};
  const SortedLabels sorted(labels, limits_, about_.name);
  auto key = sorted.view();

  const std::lock_guard lock(mutex_);
  auto* series = find(key);
  if (series == nullptr && series_.size() >= limits_.series_max) {
    overflowed_.add();
    key = overflow;
    series = find(key);
  }
  if (series == nullptr) {
    series = &make<Cell>(owned(key));
    by_hash_.emplace(hash_of(key), series);
  }
  if (auto* cell = std::get_if<Cell>(&series->cell)) return *cell;
  throw Error(Code::failed_precondition,
              "metric " + quoted(about_.name) + " is read by a function with these labels; it cannot also be written");
}

void Family::observe(std::span<const Label> labels, std::unique_ptr<detail::Observed> observed) {
  const SortedLabels sorted(labels, limits_, about_.name);
  const std::lock_guard lock(mutex_);
  if (find(sorted.view()) != nullptr) {
    throw Error(Code::failed_precondition,
                "metric " + quoted(about_.name) + " exists already with these labels; give each function its own");
  }
  if (series_.size() >= limits_.series_max) {
    throw Error(Code::resource_exhausted, "metric " + quoted(about_.name) + " has " +
                                              std::to_string(limits_.series_max) + " series already; use fewer labels");
  }
  auto& series = series_.emplace_back(owned(sorted.view()), std::move(observed));
  by_hash_.emplace(hash_of(sorted.view()), &series);
}

Registry::Registry(std::span<const Label> labels, const MetricsLimits& limits)
    : limits_(limits), labels_(owned(SortedLabels(labels, limits, "(all)").view())) {
  struct Overflows {
    CounterSeries* count;
    std::uint64_t operator()() const noexcept { return count->value(); }
  };
  entry("tutti.metrics.overflows", MetricKind::counter,
        {.description = "Look-ups of a label set beyond the limit of series of a metric"})
      .family->observe({}, std::make_unique<detail::ObservedBy<Overflows>>(Overflows{&overflowed_}));
}

Registry::Entry& Registry::entry(std::string_view name, MetricKind kind, const Instrument& about,
                                 std::span<const double> bounds) {
  if (!good_name(name)) {
    throw Error(Code::invalid_argument, quoted(name) +
                                            " is no metric name; expected a letter, then letters, digits, dots, dashes "
                                            "and underscores, at most 255, like \"shop.orders.placed\"");
  }
  check_bounds(name, bounds);
  const auto exposed = prometheus_name(name, about.unit, kind);

  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(exposed);
  if (found == entries_.end()) {
    auto& made = entries_[exposed];
    made.family = std::make_unique<Family>(MetricAbout{.name = std::string(name),
                                                       .exposed = exposed,
                                                       .kind = kind,
                                                       .unit = std::string(about.unit),
                                                       .description = std::string(about.description),
                                                       .bounds = {bounds.begin(), bounds.end()}},
                                           limits_, overflowed_);
    auto& family = *made.family;
    switch (kind) {
      case MetricKind::counter:
        made.handle = std::make_unique<Counter>(family);
        break;
      case MetricKind::gauge:
        made.handle = std::make_unique<Gauge>(family);
        break;
      case MetricKind::histogram:
        made.handle = std::make_unique<Histogram>(family);
        break;
    }
    return made;
  }
  const auto& known = found->second.family->about();
  const bool same_bounds = std::equal(bounds.begin(), bounds.end(), known.bounds.begin(), known.bounds.end());
  if (known.name != name || known.kind != kind || known.unit != about.unit || !same_bounds) {
    throw Error(Code::failed_precondition, "metric " + quoted(name) + " (" + std::string(word_of(kind)) + ", unit " +
                                               quoted(about.unit) + ") would be \"" + exposed +
                                               "\", which is already metric " + quoted(known.name) + " (" +
                                               std::string(word_of(known.kind)) + ", unit " + quoted(known.unit) +
                                               (same_bounds ? "" : ", other bounds") + "); choose another name");
  }
  return found->second;
}

}  // namespace tutti::observe

namespace tutti {
namespace {

std::span<const Label> view(std::initializer_list<Label> labels) { return {labels.begin(), labels.size()}; }

// The series without labels, looked up once.
template <class Series>
Series& resolved(std::atomic<Series*>& plain, observe::Family& family) {
  auto* series = plain.load(std::memory_order_acquire);
  if (series == nullptr) {
    series = &family.with<Series>({});
    plain.store(series, std::memory_order_release);
  }
  return *series;
}

}  // namespace

CounterSeries& Counter::with(std::span<const Label> labels) { return family_.with<CounterSeries>(labels); }
CounterSeries& Counter::with(std::initializer_list<Label> labels) { return with(view(labels)); }
void Counter::add(std::uint64_t n) { resolved(plain_, family_).add(n); }

GaugeSeries& Gauge::with(std::span<const Label> labels) { return family_.with<GaugeSeries>(labels); }
GaugeSeries& Gauge::with(std::initializer_list<Label> labels) { return with(view(labels)); }
GaugeSeries& Gauge::plain() { return resolved(plain_, family_); }
void Gauge::set(double value) { plain().set(value); }
void Gauge::add(double difference) { plain().add(difference); }

HistogramSeries& Histogram::with(std::span<const Label> labels) { return family_.with<HistogramSeries>(labels); }
HistogramSeries& Histogram::with(std::initializer_list<Label> labels) { return with(view(labels)); }
HistogramSeries& Histogram::plain() { return resolved(plain_, family_); }

Metrics::Metrics(std::initializer_list<Label> labels, const MetricsLimits& limits)
    : registry_(std::make_unique<observe::Registry>(view(labels), limits)) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string_view name, const Instrument& about) {
  return *std::get<std::unique_ptr<Counter>>(registry_->entry(name, observe::MetricKind::counter, about).handle);
}
Gauge& Metrics::gauge(std::string_view name, const Instrument& about) {
  return *std::get<std::unique_ptr<Gauge>>(registry_->entry(name, observe::MetricKind::gauge, about).handle);
}
Histogram& Metrics::histogram(std::string_view name, const Instrument& about, std::span<const double> bounds) {
  return *std::get<std::unique_ptr<Histogram>>(
      registry_->entry(name, observe::MetricKind::histogram, about, bounds).handle);
}
void Metrics::observe_gauge(std::string_view name, const Instrument& about, std::initializer_list<Label> labels,
                            std::unique_ptr<detail::Observed> observed) {
  registry_->entry(name, observe::MetricKind::gauge, about).family->observe(view(labels), std::move(observed));
}
void Metrics::observe_counter(std::string_view name, const Instrument& about, std::initializer_list<Label> labels,
                              std::unique_ptr<detail::Observed> observed) {
  registry_->entry(name, observe::MetricKind::counter, about).family->observe(view(labels), std::move(observed));
}

}  // namespace tutti
