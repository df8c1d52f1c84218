#include "observe/trace/tracer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "observe/text.hpp"
#include "observe/trace/sampling.hpp"
#include "observe/trace/span_record.hpp"

namespace tutti {
namespace {

using observe::OwnedAttributes;
using observe::SpanLimits;

std::string short_text(std::string_view text) { return std::string(observe::cut(text, SpanLimits::text_bytes_max)); }

// False: there was no room.
bool put(OwnedAttributes& attributes, std::string_view name, const AttributeValue& value) {
  const auto same = [name](const auto& attribute) { return attribute.first == name; };
  const auto found = std::find_if(attributes.begin(), attributes.end(), same);
  if (found != attributes.end()) {
    found->second = observe::owned(value);
    return true;
  }
  if (attributes.size() >= SpanLimits::attributes_max) return false;
  attributes.emplace_back(short_text(name), observe::owned(value));
  return true;
}

}  // namespace

bool TraceContext::valid() const noexcept {
  std::uint64_t trace[2];
  std::uint64_t span;
  std::memcpy(trace, trace_id.data(), sizeof trace);
  std::memcpy(&span, span_id.data(), sizeof span);
  return (trace[0] | trace[1]) != 0 && span != 0;
}

Span::Span() noexcept = default;
Span::~Span() { end(); }

Span::Span(Span&& other) noexcept
    : context_(std::move(other.context_)),
      tracer_(std::exchange(other.tracer_, nullptr)),
      record_(std::move(other.record_)) {}

Span& Span::operator=(Span&& other) noexcept {
  if (this == &other) return *this;
  end();
  context_ = std::move(other.context_);
  tracer_ = std::exchange(other.tracer_, nullptr);
  record_ = std::move(other.record_);
  return *this;
}

void Span::rename(std::string_view name) {
  if (record_) record_->name = short_text(name);
}

void Span::set(std::string_view name, AttributeValue value) {
  if (record_ && !put(record_->attributes, name, value)) ++record_->dropped_attributes;
}

void Span::event(std::string_view name, std::initializer_list<Attribute> attributes) {
  if (!record_) return;
  if (record_->events.size() >= SpanLimits::events_max) {
    ++record_->dropped_events;
    return;
  }
  auto& event = record_->events.emplace_back();
  event.at = tracer_->clock_.now();
  event.name = short_text(name);
  for (const auto& attribute : attributes) {
    if (!put(event.attributes, attribute.name, attribute.value)) ++record_->dropped_attributes;
  }
}

void Span::link(const TraceContext& other) {
  if (!record_ || !other.valid()) return;
  if (record_->links.size() >= SpanLimits::links_max) {
    ++record_->dropped_links;
    return;
  }
  record_->links.push_back(other);
}

void Span::fail(std::string_view reason) {
  if (!record_) return;
  record_->status = observe::SpanStatus::error;
  record_->reason = short_text(reason);
}

void Span::succeed() {
  if (!record_) return;
  record_->status = observe::SpanStatus::ok;
  record_->reason.clear();
}

void Span::end() noexcept {
  if (record_) end(tracer_->clock_.now());
}

void Span::end(Time at) noexcept {
  if (!record_) return;
  record_->end = std::max(at, record_->start);  // the wall clock may have been set back
  tracer_->finish(std::move(record_));
}

}  // namespace tutti

namespace tutti::observe {
namespace {

template <std::size_t Size>
void put_bytes(std::array<std::uint8_t, Size>& into, std::size_t at, std::uint64_t bits) noexcept {
  // All its bytes are random: in which order they lie means nothing.
  std::memcpy(into.data() + at, &bits, sizeof bits);
}

}  // namespace

OwnedValue owned(const AttributeValue& value) {
  switch (value.kind()) {
    case AttributeValue::Kind::text:
      return short_text(value.text());
    case AttributeValue::Kind::integer:
      return value.integer();
    case AttributeValue::Kind::natural:
      return value.natural();
    case AttributeValue::Kind::number:
      return value.number();
    case AttributeValue::Kind::flag:
      return value.flag();
  }
  return false;
}

Tracer::Tracer(const TracerSettings& settings, const Clock& clock, Random& random, SpanQueue* queue)
    : clock_(clock),
      queue_(queue),
      threshold_(sampling_threshold(settings.sample)),
      mask_(random.next()),
      state_(random.next()) {}

// SplitMix64 (Steele, Lea, Flood 2014): a counter by the golden ratio, then mixed. One addition makes it thread-safe.
// Ids must be unlikely to meet, not secret.
std::uint64_t Tracer::draw() noexcept {
  auto z = state_.fetch_add(0x9E3779B97F4A7C15u, std::memory_order_relaxed) ^ mask_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return z != 0 ? z : 1;  // zero ids are invalid
}

TraceContext Tracer::begin(const TraceContext& parent) noexcept {
  constexpr std::uint8_t known_flags = 0x03;  // sampled, and "the trace id is random" of level 2
  TraceContext context;
  if (parent.valid()) {
    context.trace_id = parent.trace_id;
    context.flags = parent.flags & known_flags;
    context.tracestate = parent.tracestate;
  } else {
    put_bytes(context.trace_id, 0, draw());
    put_bytes(context.trace_id, 8, draw());
    context.flags = within(threshold_, context) ? TraceContext::sampled_flag : std::uint8_t{0};
  }
  put_bytes(context.span_id, 0, draw());
  return context;
}

Span Tracer::start(std::string_view name, SpanKind kind, const TraceContext& parent) {
  Span span = start_below(parent);
  if (!span.record_) return span;
  span.record_->name = short_text(name);
  span.record_->kind = kind;
  span.record_->start = clock_.now();
  return span;
}

Span Tracer::start(std::string_view name, SpanKind kind, const TraceContext& parent, Time at) {
  Span span = start_below(parent);
  if (!span.record_) return span;
  span.record_->name = short_text(name);
  span.record_->kind = kind;
  span.record_->start = at;
  return span;
}

Span Tracer::start_below(const TraceContext& parent) {
  Span span;
  span.context_ = begin(parent);
  span.tracer_ = this;
  if (queue_ == nullptr || !span.context_.sampled()) return span;
  span.record_ = std::make_unique<SpanRecord>();
  span.record_->context = span.context_;
  if (parent.valid()) span.record_->parent_id = parent.span_id;
  return span;
}

}  // namespace tutti::observe
