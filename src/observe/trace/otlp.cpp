#include "observe/trace/otlp.hpp"

#include <string_view>
#include <type_traits>

#include "observe/text.hpp"

namespace tutti::observe {
namespace {

void append_text_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  append_json(out, value);
}

void append_nanoseconds(std::string& out, std::string_view name, Time time) {
  out.append(",\"").append(name).append("\":\"");
  append_number(out, static_cast<std::int64_t>(time.since_epoch.count()));
  out.push_back('"');
}

void append_count(std::string& out, std::string_view name, std::uint64_t count) {
  if (count == 0) return;
  out.append(",\"").append(name).append("\":");
  append_number(out, count);
}

void append_value(std::string& out, const OwnedValue& value) {
  const auto write = [&out](const auto& held) {
    using T = std::decay_t<decltype(held)>;
    if constexpr (std::is_same_v<T, std::string>) {
      out.append("{\"stringValue\":");
      append_json(out, std::string_view(held));
    } else if constexpr (std::is_same_v<T, bool>) {
      out.append("{\"boolValue\":").append(held ? "true" : "false");
    } else if constexpr (std::is_same_v<T, double>) {
      out.append("{\"doubleValue\":");
      append_json(out, held);
    } else {
      // OTLP has no unsigned integers: what does not fit becomes a number with a fraction.
      if constexpr (std::is_same_v<T, std::uint64_t>) {
        if (held > static_cast<std::uint64_t>(INT64_MAX)) {
          out.append("{\"doubleValue\":");
          append_json(out, static_cast<double>(held));
          out.push_back('}');
          return;
        }
      }
      out.append("{\"intValue\":\"");
      append_number(out, held);
      out.push_back('"');
    }
    out.push_back('}');
  };
  std::visit(write, value);
}

void append_attributes(std::string& out, const OwnedAttributes& attributes) {
  out.append("\"attributes\":[");
  bool first = true;
  for (const auto& [name, value] : attributes) {
    out.append(first ? "{\"key\":" : ",{\"key\":");
    first = false;
    append_json(out, std::string_view(name));
    out.append(",\"value\":");
    append_value(out, value);
    out.push_back('}');
  }
  out.push_back(']');
}

void append_ids(std::string& out, const TraceContext& context) {
  out.append("{\"traceId\":\"");
  append_hex(out, context.trace_id);
  out.append("\",\"spanId\":\"");
  append_hex(out, context.span_id);
  out.push_back('"');
  if (!context.tracestate.empty()) append_text_member(out, "traceState", context.tracestate);
  append_count(out, "flags", context.flags);
}

void append_events(std::string& out, const std::vector<SpanRecord::Event>& events) {
  out.append(",\"events\":[");
  for (std::size_t i = 0; i < events.size(); ++i) {
    out.append(i == 0 ? "{" : ",{").append("\"name\":");
    append_json(out, std::string_view(events[i].name));
    append_nanoseconds(out, "timeUnixNano", events[i].at);
    out.push_back(',');
    append_attributes(out, events[i].attributes);
    out.push_back('}');
  }
  out.push_back(']');
}

void append_span(std::string& out, const SpanRecord& span) {
  append_ids(out, span.context);
  if (span.parent_id != decltype(span.parent_id){}) {
    out.append(",\"parentSpanId\":\"");
    append_hex(out, span.parent_id);
    out.push_back('"');
  }
  append_text_member(out, "name", span.name);
  append_count(out, "kind", static_cast<std::uint64_t>(span.kind));
  append_nanoseconds(out, "startTimeUnixNano", span.start);
  append_nanoseconds(out, "endTimeUnixNano", span.end);
  out.push_back(',');
  append_attributes(out, span.attributes);
  if (!span.events.empty()) append_events(out, span.events);
  if (!span.links.empty()) {
    out.append(",\"links\":[");
    for (std::size_t i = 0; i < span.links.size(); ++i) {
      if (i > 0) out.push_back(',');
      append_ids(out, span.links[i]);
      out.push_back('}');
    }
    out.push_back(']');
  }
  append_count(out, "droppedAttributesCount", span.dropped_attributes);
  append_count(out, "droppedEventsCount", span.dropped_events);
  append_count(out, "droppedLinksCount", span.dropped_links);
  if (span.status != SpanStatus::unset) {
    out.append(",\"status\":{\"code\":");
    append_number(out, static_cast<std::uint64_t>(span.status));
    if (!span.reason.empty()) append_text_member(out, "message", span.reason);
    out.push_back('}');
  }
  out.push_back('}');
}

}  // namespace

OtlpEncoder::OtlpEncoder(const OtlpResource& resource) {
  OwnedAttributes attributes{{"service.name", resource.service_name}};
  if (!resource.service_version.empty()) attributes.emplace_back("service.version", resource.service_version);
  if (!resource.instance_id.empty()) attributes.emplace_back("service.instance.id", resource.instance_id);
  attributes.insert(attributes.end(), resource.attributes.begin(), resource.attributes.end());
  head_.append("{\"resourceSpans\":[{\"resource\":{");
  append_attributes(head_, attributes);
  head_.append("},\"scopeSpans\":[{\"scope\":{\"name\":\"tutti\"},\"spans\":[");
}

std::string OtlpEncoder::encode(std::span<const std::unique_ptr<SpanRecord>> spans) const {
  std::string out = head_;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_span(out, *spans[i]);
  }
  out.append("]}]}]}");
  return out;
}

}  // namespace tutti::observe
