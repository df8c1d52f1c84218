#include "observe/otlp/logs.hpp"

#include <array>

#include "observe/text.hpp"

namespace tutti::observe {
namespace {

// SeverityNumber: the first of the four of each range.
std::uint64_t severity(LogLevel level) {
  constexpr std::array<std::uint64_t, 4> numbers{5, 9, 13, 17};  // DEBUG, INFO, WARN, ERROR
  return numbers[static_cast<std::size_t>(level)];
}

void append_record(std::string& out, const OwnedLogRecord& record) {
  out.push_back('{');
  append_nanoseconds(out, "timeUnixNano", record.time);
  out.push_back(',');
  append_nanoseconds(out, "observedTimeUnixNano", record.time);
  append_count(out, "severityNumber", severity(record.level));
  append_text_member(out, "severityText", name_of(record.level));
  out.append(",\"body\":{\"stringValue\":");
  append_json(out, std::string_view(record.message));
  out.append("},");
  OwnedAttributes attributes;
  // A process may host several services, and its resource has one name.
  attributes.emplace_back("tutti.service", record.service);
  if (!record.request_id.empty()) attributes.emplace_back("tutti.request_id", record.request_id);
  if (!record.method.empty()) attributes.emplace_back("tutti.method", record.method);
  attributes.insert(attributes.end(), record.attributes.begin(), record.attributes.end());
  append_attributes(out, attributes);
  if (record.trace_id != decltype(record.trace_id){}) {
    out.append(",\"traceId\":\"");
    append_hex(out, record.trace_id);
    out.append("\",\"spanId\":\"");
    append_hex(out, record.span_id);
    out.push_back('"');
  }
  out.push_back('}');
}

}  // namespace

OtlpLogEncoder::OtlpLogEncoder(const OtlpResource& resource) {
  head_.append("{\"resourceLogs\":[{");
  append_resource(head_, resource);
  head_.append(",\"scopeLogs\":[{\"scope\":{\"name\":\"tutti\"},\"logRecords\":[");
}

std::string OtlpLogEncoder::encode(std::span<const std::unique_ptr<OwnedLogRecord>> records) const {
  std::string out = head_;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_record(out, *records[i]);
  }
  out.append("]}]}]}");
  return out;
}

}  // namespace tutti::observe
