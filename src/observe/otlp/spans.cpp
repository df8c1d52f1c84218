#include "observe/otlp/spans.hpp"

#include <string_view>

#include "observe/text.hpp"

namespace tutti::observe {
namespace {

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
    out.push_back(',');
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
  out.push_back(',');
  append_nanoseconds(out, "startTimeUnixNano", span.start);
  out.push_back(',');
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
  head_.append("{\"resourceSpans\":[{");
  append_resource(head_, resource);
  head_.append(",\"scopeSpans\":[{\"scope\":{\"name\":\"tutti\"},\"spans\":[");
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
